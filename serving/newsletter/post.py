"""What the commands that render and send work with, put together once."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

from recsys.engine import Engine
from recsys.errors import ConfigurationError
from recsys.settings import Settings
from recsys.store.database import Database
from recsys.store.delivery_log import DeliveryLog
from recsys.store.key_store import KeyStore
from recsys.store.newsletter_store import NewsletterStore
from recsys.store.sql_store import SqlStore
from recsys.times import to_micros
from serving.clock import Clock
from serving.newsletter.links import Links
from serving.newsletter.mailing import Mailing
from serving.newsletter.planned import Chosen, PlannedMails, choose
from serving.newsletter.rendering.renderer import Rendered
from serving.newsletter.rendering.subjects import SubjectKind
from serving.starting import make_worker, snapshots_of
from serving.texts import Language

__all__ = ["Post", "open_post"]


@dataclass(frozen=True, slots=True)
class Post:
    """The mails of planned issues, as things are now; not thread-safe."""

    mailing: Mailing
    engine: Engine
    clock: Clock

    def now(self) -> datetime:
        """Return the moment."""
        return self.clock.now()

    def chosen(self, issue_id: str, *, for_good: bool) -> Chosen:
        """Return the revision of an issue that goes out.

        ``for_good`` settles it: from then on no newer plan of the issue is taken.

        Raises
        ------
        ConfigurationError
            When there is no plan of this issue.
        PlanConflictError
            While it is being made, before its deadline.
        """
        if for_good:
            chosen = self._planned().hand_over(issue_id)
        else:
            chosen = choose(self.mailing.newsletters, issue_id, self.engine)
        if chosen is None:
            raise ConfigurationError(
                f"there is no plan of an issue {issue_id!r}; make one with `recsys newsletter plan`"
            )
        return chosen

    def rendered(self, chosen: Chosen, subject: SubjectKind | None) -> Iterator[Rendered]:
        """Yield the mails that were not dealt with by an earlier run, one by one."""
        issue_id = chosen.plan.issue_id
        done = self.mailing.deliveries.states(issue_id)
        edition = self.mailing.edition(chosen.body, self.now())
        render = self.mailing.renderer(edition, subject).render
        for mail in self._planned().all(chosen):
            if done.get(mail.employee_id) not in ("sent", "refused"):
                made = render(mail)
                if made is not None:
                    yield made

    def preview(self, issue_id: str, language: Language) -> Rendered | None:
        """Return the mail of a recipient who does not exist; None if it would be empty."""
        chosen = self.chosen(issue_id, for_good=False)
        mail = self._planned().synthetic(chosen, language)
        edition = self.mailing.edition(chosen.body, self.now())
        return None if mail is None else self.mailing.renderer(edition).render(mail)

    def _planned(self) -> PlannedMails:
        return PlannedMails(self.mailing.newsletters, self.engine)


@contextmanager
def open_post(settings: Settings) -> Iterator[Post]:
    """Open the store that the settings name, migrating it if need be, with a state of now."""
    database = Database(settings.database_url)
    with closing(SqlStore(database)) as store:
        store.migrate()
        snapshots = snapshots_of(settings, store)
        worker, clock = make_worker(settings, store, snapshots, snapshots.forget)
        links = Links(KeyStore(database).token_secret(), settings.public_url)
        mailing = Mailing(settings, store, NewsletterStore(database), DeliveryLog(database), links)
        with worker.engine() as (engine, now):
            engine.state.advance(to_micros(now))
            yield Post(mailing, engine, clock)
