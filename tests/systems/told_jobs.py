"""How each type of the job search reads."""

from __future__ import annotations

from tests.systems.telling import Told

TOLD = [
    Told(
        "job_status_change",
        "IN_APP EMAIL PUSH",
        "Alpenblick AG: Interview",
        "Alpenblick AG: Gespräch",
        {"company": "Seeblick SE", "status": "offer"},
        "Data Engineer at Seeblick SE: Offer",
        "Data Engineer bei Seeblick SE: Angebot",
    ),
    Told(
        "application_update",
        "IN_APP EMAIL",
        "News from Alpenblick AG",
        "Neues von Alpenblick AG",
        {"company": "Seeblick SE"},
        "News on your application: Data Engineer at Seeblick SE",
        "Neues zu Ihrer Bewerbung: Data Engineer bei Seeblick SE",
    ),
    Told(
        "interview_reminder",
        "IN_APP EMAIL PUSH",
        "Interview with Alpenblick AG",
        "Gespräch mit Alpenblick AG",
        {"company": "Seeblick SE", "interview_date": "2027-01-04T15:00:00Z"},
        "Your interview with Seeblick SE: 1/4/27, 3:00 PM",
        "Ihr Gespräch mit Seeblick SE: 04.01.27, 16:00",
    ),
    Told(
        "new_job_match",
        "IN_APP PUSH",
        "3 new jobs fit you",
        "3 neue Stellen passen zu Ihnen",
        {"count": 1, "search_name": None},
        "1 new job fits your search",
        "1 neue Stelle passt zu Ihrer Suche",
    ),
    Told(
        "application_deadline",
        "IN_APP EMAIL PUSH",
        "2 days left: Data Engineer",
        "Noch 2 Tage: Data Engineer",
        {"company": "Seeblick SE", "days_left": 0},
        "Today is the last day to apply at Seeblick SE",
        "Heute ist der letzte Tag für Ihre Bewerbung bei Seeblick SE",
    ),
    Told(
        "skill_gap_report",
        "IN_APP EMAIL",
        "Your match for Data Engineer: 78%",
        "Data Engineer: Sie passen zu 78 %",
        {"match_percent": 55, "target_role": "Analyst"},
        "Your match for Analyst: 55%",
        "Analyst: Sie passen zu 55 %",
    ),
    Told(
        "system_announcement",
        "IN_APP",
        "Maintenance on Sunday",
        "Maintenance on Sunday",
        {"headline": "We have moved"},
        "We have moved",
        "We have moved",
    ),
    Told(
        "morning_briefing",
        "IN_APP EMAIL",
        "Good morning: Tuesday, November 24, 2026",
        "Guten Morgen: Dienstag, 24. November 2026",
        {"day": "2027-01-04"},
        "Your Monday, January 4, 2027",
        "Ihr Montag, 4. Januar 2027",
    ),
    Told(
        "evening_update",
        "IN_APP EMAIL",
        "Your day: 1 change, 3 new matches",
        "Ihr Tag: 1 Änderung, 3 neue Treffer",
        {"day": "2027-01-04"},
        "Your evening update for January 4, 2027",
        "Ihr Abend-Update vom 4. Januar 2027",
    ),
]
