"""What the commands that render and send work with, put together once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from recsys.audience.named import read_named_segments
from recsys.engine import Engine
from recsys.errors import ConfigurationError
from recsys.settings import Settings
from recsys.slate.recipe import read_slate_recipe
from recsys.store.database import Database
from recsys.store.delivery_log import DeliveryLog
from recsys.store.key_store import KeyStore
from recsys.store.port import Store
from recsys.store.sql_store import SqlStore
from recsys.times import HOUR_US
from serving.champion import find_champion
from serving.clock import Clock, last_moment, start_clock
from serving.newsletter.links import Links
from serving.newsletter.mails import Mails, NoMails
from serving.newsletter.rendering.edition import Edition
from serving.newsletter.rendering.renderer import Rendered, Renderer
from serving.newsletter.rendering.stories import Stories
from serving.newsletter.rendering.subjects import SubjectKind
from serving.worker import build_state

__all__ = ["Post", "open_post", "read_zone"]


@dataclass(frozen=True, slots=True)
class Post:
    """Mails of planned issues, and where they go."""

    settings: Settings
    store: Store
    links: Links
    deliveries: DeliveryLog
    mails: Mails
    clock: Clock

    def now(self) -> datetime:
        """Return the moment."""
        return self.clock.now()

    def rendered(self, issue_id: str, subject: SubjectKind | None) -> Iterator[Rendered]:
        """Yield the mails of an issue one by one, as things are now.

        Raises
        ------
        ConfigurationError
            When there is no plan of this issue.
        """
        edition = self.mails.edition(issue_id)
        if edition is None:
            raise ConfigurationError(
                f"there is no plan of an issue {issue_id!r}; make one with `recsys newsletter plan`"
            )
        render = self.renderer(edition, subject).render
        return (made for mail in self.mails.all(issue_id) if (made := render(mail)) is not None)

    def renderer(self, edition: Edition, subject: SubjectKind | None = None) -> Renderer:
        """Return a renderer of mails that look as ``edition`` says."""
        stories = Stories(self.store, self.settings.portal_url)
        return Renderer(stories, self.links, edition, subject)

    def engine(self) -> Engine:
        """Return an engine that knows all that is stored; some seconds for a million events."""
        settings, dataset = self.settings, self.store.load()
        state = build_state(dataset, self.now(), int(settings.lateness_hours * HOUR_US))
        champion = find_champion(settings.models_dir)
        named, slate = read_named_segments(settings.segments), read_slate_recipe(settings.slate)
        return Engine(champion.model, state, [], named, slate)


@contextmanager
def open_post(settings: Settings) -> Iterator[Post]:
    """Open the store that the settings name, migrating it if need be."""
    database = Database(settings.database_url)
    store = SqlStore(database)
    try:
        store.migrate()
        is_wall = settings.clock == "wall"
        clock = start_clock(
            settings.clock, None if is_wall else last_moment(store.load()["events"])
        )
        links = Links(KeyStore(database).token_secret(), settings.public_url)
        yield Post(settings, store, links, DeliveryLog(database), NoMails(), clock)
    finally:
        store.close()


def read_zone(settings: Settings) -> ZoneInfo:
    """Return where the days in mails begin.

    Raises
    ------
    ConfigurationError
        For a name that no time zone has.
    """
    try:
        return ZoneInfo(settings.mail_timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"RECSYS_MAIL_TIMEZONE is {settings.mail_timezone!r}, no time zone has that name; "
            "expected one like Asia/Tokyo"
        ) from None
