"""Experiments in newsletters: each variant's people get picks of its own plan."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import ValidationError

from experiments.running.arms import Arm, LiveArms
from experiments.running.lifecycle import Experiments
from recsys.engine import Engine
from recsys.errors import ConfigurationError
from recsys.newsletter.picks import Pick
from recsys.newsletter.policy import IssuePolicy
from recsys.store.experiment_store import ExperimentStore, StoredExposure
from recsys.times import to_micros
from serving.arm_feeds import attribute_of
from serving.newsletter.plan_models import PlanBody

__all__ = ["VariantPolicies", "with_variants"]

_SURFACE = "newsletter"


def with_variants(body: PlanBody, experiments: Experiments) -> PlanBody:
    """Return a plan with what each variant of its experiment replaces, so that it is all there is.

    Raises :class:`recsys.errors.ConfigurationError` where the experiment does not run on the
    newsletter, or a variant makes no plan.
    """
    if body.experiment is None:
        return body
    definition, stored = experiments.get(body.experiment)
    if stored.status != "running" or _SURFACE not in definition.surfaces:
        raise ConfigurationError(
            f"experiment {body.experiment!r} is {stored.status} on "
            f"{', '.join(definition.surfaces)}; start it on the newsletter, or plan without it"
        )
    changes = {variant.name: dict(variant.newsletter) for variant in definition.variants}
    filled = body.model_copy(update={"variants": changes})
    for name in changes:
        try:
            filled.for_variant(name)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the plan"
            raise ConfigurationError(
                f"the plan of variant {name!r} cannot be: {place}: {first['msg']}"
            ) from None
    return filled


class VariantPolicies:
    """Picks for one person after the other, by the plan of their variant; not thread-safe."""

    def __init__(
        self, engine: Engine, body: PlanBody, issue_id: str, store: ExperimentStore
    ) -> None:
        self._engine, self._body, self._issue_id = engine, body, issue_id
        self._store = store
        self._arms = LiveArms(store)
        if body.experiment is not None:
            self._arms.refresh()
        self._policies: dict[str, IssuePolicy] = {}
        self._met: dict[str, Arm] = {}
        """Whom something was picked for, and who is not noted yet."""

    def pick(self, employee_id: str) -> Pick:
        """Return somebody's issue, with the variant it was picked by."""
        arm = self._arm(employee_id)
        variant = "" if arm is None else str(arm.assignment.variant)
        if arm is not None:
            self._met[employee_id] = arm
        return replace(self._policy(variant).pick(employee_id), variant=variant)

    def note(self, picks: Sequence[Pick]) -> None:
        """Note who is served a variant, once the picks are kept; again changes nothing."""
        arms = [self._met.pop(pick.employee_id) for pick in picks if pick.variant]
        served = [arm.assignment for arm, pick in zip(arms, _of(picks), strict=True) if pick.items]
        if not served:
            return
        self._store.assign([arm.assignment for arm in arms if arm.is_new])
        at = to_micros(self._engine.now)
        stages = ["served", "differing"] if self._differs else ["served"]
        self._store.expose(
            [
                StoredExposure(one.experiment, one.version, one.employee_id, stage, at)  # type: ignore[arg-type]  # stages
                for one in served
                for stage in stages
            ]
        )

    @property
    def _differs(self) -> bool:
        changes = list(self._body.variants.values())
        return any(change != changes[0] for change in changes)

    def _arm(self, employee_id: str) -> Arm | None:
        if self._body.experiment is None:
            return None
        attribute = attribute_of(self._engine, employee_id, self._engine.now)
        arms = self._arms.of(employee_id, _SURFACE, attribute)
        mine = (arm for arm in arms if arm.assignment.experiment == self._body.experiment)
        return next(mine, None)

    def _policy(self, variant: str) -> IssuePolicy:
        if variant not in self._policies:
            plan = self._body.for_variant(variant).plan(self._issue_id)
            self._policies[variant] = IssuePolicy(self._engine, plan)
        return self._policies[variant]


def _of(picks: Sequence[Pick]) -> list[Pick]:
    return [pick for pick in picks if pick.variant]
