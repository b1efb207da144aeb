"""A session as a file that any calendar takes."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from livestream.room import Room
from shop.core.i18n import gettext

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
REMIND = timedelta(minutes=10)


def calendar_file(room: Room, base_url: str) -> bytes:
    """RFC 5545: one event in Vietnam's time, with an alarm ten minutes before. The same session keeps its UID."""
    from icalendar import Alarm, Calendar, Event  # a start does not pay for what is asked for once a session

    live = room.live
    address = f"{base_url}/live/{live.slug}"
    event = Event()
    event.add("uid", f"live-{live.id}@{base_url.split('://')[-1]}")
    event.add("dtstamp", live.created_at)
    event.add("dtstart", live.starts_at.astimezone(HERE))
    event.add("dtend", (live.starts_at + timedelta(minutes=live.planned_minutes)).astimezone(HERE))
    event.add("summary", f"{gettext('Live')}: {live.title}")
    event.add("description", f"{live.summary}\n{room.coop.name}\n{address}".strip())
    event.add("url", address)
    event.add("status", "CANCELLED" if live.state == "cancelled" else "CONFIRMED")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", live.title)
    alarm.add("trigger", -REMIND)
    event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", "-//Cho HTX//live//VI")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())
