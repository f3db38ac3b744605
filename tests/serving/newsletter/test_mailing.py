"""Mails that are kept with their delivery."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import ConfigurationError
from recsys.settings import Settings
from recsys.store.database import Database
from recsys.store.delivery_log import DeliveryLog
from recsys.store.newsletter_store import NewsletterStore
from recsys.store.sql_store import SqlStore
from serving.newsletter.links import Claim
from serving.newsletter.mailing import Mailing, pack_mail, unpack_mail
from tests.serving.newsletter.letters import (
    LINKS,
    NOW,
    PORTAL_URL,
    WHOLE,
    database,
    mail,
    news,
    store,
)

__all__ = ["database", "news", "store"]


@given(
    st.sampled_from([None, NOW]),
    st.sampled_from([None, 0, 3]),
    st.sampled_from(["", "ja", "en-GB"]),
)
def test_a_kept_mail_is_the_mail(not_before: object, lines: object, language: str) -> None:
    made = mail(*WHOLE, language=language, not_before=not_before, lines=lines)
    assert unpack_mail(pack_mail(made)) == made


@pytest.fixture
def mailing(database: Database, store: SqlStore) -> Mailing:
    settings = Settings(
        portal_url=PORTAL_URL, story_url="https://portal.example/s/{content_id}?r={rendition_id}"
    )
    return Mailing(settings, store, NewsletterStore(database), DeliveryLog(database), LINKS)


def test_a_story_without_an_address_has_the_one_of_the_settings(mailing: Mailing) -> None:
    assert mailing.target(Claim("e", "w", "talk", "talk-film"), NOW).endswith("/videos/talk")
    assert mailing.target(Claim("e", "w", "must"), NOW) == "https://portal.example/s/must?r="
    assert mailing.target(Claim("e", "w", "nothing"), NOW) == ""


def test_a_mail_that_failed_did_not_go_out(mailing: Mailing) -> None:
    log, kept = mailing.deliveries, pack_mail(mail(*WHOLE))
    assert mailing.went_out(Claim("e-1", "w27"), NOW) is None
    assert log.begin("w27", "e-1", kept, at=NOW)
    assert mailing.went_out(Claim("e-1", "w27"), NOW + timedelta(1)) is not None
    log.not_sent("w27", "e-1", "failed", "451", at=NOW)
    assert mailing.went_out(Claim("e-1", "w27"), NOW) is None


def test_a_time_zone_that_is_none_is_said_before_anything_is_rendered(mailing: Mailing) -> None:
    settings = mailing.settings.model_copy(update={"mail_timezone": "Mars/Base"})
    with pytest.raises(ConfigurationError, match="RECSYS_MAIL_TIMEZONE is 'Mars/Base'"):
        Mailing(settings, mailing.store, mailing.newsletters, mailing.deliveries, LINKS)
