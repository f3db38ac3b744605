"""What the log says of a mail that was sent."""

from datetime import datetime
from hashlib import sha256

from recsys.plain_events import PlainEvent
from recsys.times import to_micros
from serving.newsletter.rendering.renderer import Rendered

__all__ = ["sent_events"]


def sent_events(rendered: Rendered, at: datetime) -> list[PlainEvent]:
    """Return one ``newsletter_sent`` event per item that is shown, with its propensities.

    Ids follow from issue, employee and content: the same mail is never told twice.
    """
    moment = to_micros(at)
    events = []
    for item in rendered.items:
        said = repr((rendered.issue_id, rendered.employee_id, item.content_id))
        event: PlainEvent = {
            "event_id": f"sent-{sha256(said.encode()).hexdigest()[:32]}",
            "event_type": "newsletter_sent",
            "employee_id": rendered.employee_id,
            "occurred_at": moment,
            "received_at": moment,
            "content_id": item.content_id,
            "surface": "newsletter",
            "position": item.position,
            "propensity": item.propensity,
            "rendition_propensity": item.rendition_propensity,
            "issue_id": rendered.issue_id,
        }
        if item.rendition_id:
            event["rendition_id"] = item.rendition_id
        events.append(event)
    return events
