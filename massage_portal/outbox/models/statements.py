"""What of messages is said in SQL: each is one statement, whatever else goes on."""

from __future__ import annotations

from massage_portal.outbox.locks import GONE_FOR_GOOD, SENDER_IS_GONE
from massage_portal.prepared import Prepared

NOTHING_YET = dict.fromkeys(("attempts", "faults", "unanswered"), "0") | dict.fromkeys(
    ("channel", "code", "provider_id", "failed_because"), "''"
)

# The rows are chosen once (ARRAY), locked as they are chosen, and judged again on their
# newest version, so of two workers that want a row one gets it. What a sender that is
# gone had not begun is free at once: were it alive, it could not begin it any more.
CLAIM = f"""
    UPDATE outbox_message
       SET claim = %s, began_at = NULL, attempts = attempts + 1
     WHERE id = ANY(ARRAY(
        SELECT id FROM outbox_message
         WHERE sent_at IS NULL AND failed_at IS NULL AND voided_at IS NULL
           AND try_at <= %s AND expires_at > %s
           AND (%s::bigint IS NULL OR id = %s)
           AND (claim IS NULL OR ({SENDER_IS_GONE} AND {GONE_FOR_GOOD}
                AND (began_at IS NULL OR began_at <= %s)))
         ORDER BY try_at, id LIMIT %s
           FOR UPDATE SKIP LOCKED))
    RETURNING id
"""  # noqa: S608 - no value is written into it

# Even if it was withdrawn or given up elsewhere while on its way: it went. The last is
# written in any case, so that this waits until all before it is on disk.
PROVE = """
    UPDATE outbox_message
       SET sent_at = went.at, channel = went.channel, provider_id = went.number,
           claim = NULL, voided_at = NULL, failed_at = NULL, failed_because = ''
      FROM unnest(%s::timestamptz[], %s::text[], %s::text[], %s::bigint[])
           AS went (at, channel, number, pk)
     WHERE id = went.pk AND (sent_at IS NULL OR id = %s)
"""

# By coalesce, which the index of what is unsent does not know: a session that planned
# while little was owed would look through all of it later on, for each message.
_MAY_BEGIN = """
    claim = %(claim)s::bigint AND expires_at > %(now)s::timestamptz
       AND coalesce(sent_at, failed_at, voided_at) IS NULL
       AND NOT EXISTS (SELECT FROM outbox_stop
                        WHERE user_id = recipient_id AND channel = %(channel)s::text
                          AND address = %(address)s::text AND lifted_at IS NULL)
"""
# Not waiting for the disk: what is lost with the server's memory, a sender that lives
# writes again (PROVE), and for one that is gone `locks.GONE_FOR_GOOD` waits.
_AT_ONCE = "set_config('synchronous_commit', 'off', true) = 'off'"
# Prepared, for it comes with every message, and to plan it takes longer than to do it.
BEGIN = Prepared(
    "begin_message",
    f"""
    UPDATE outbox_message
       SET began_at = %(now)s::timestamptz, channel = %(channel)s::text
     WHERE id = %(key)s::bigint AND {_MAY_BEGIN} AND {_AT_ONCE}
    RETURNING id
    """,  # noqa: S608 - no value is written into it
)
# The last is marked, as by PROVE, and the next begun, by one UPDATE of both rows: for
# each UPDATE PostgreSQL makes all constraints ready anew, and most of the time is that.
MARK_AND_BEGIN = Prepared(
    "mark_and_begin",
    f"""
    UPDATE outbox_message
       SET sent_at = CASE WHEN id = %(last)s::bigint
                          THEN %(sent_at)s::timestamptz END,
           channel = CASE WHEN id = %(last)s::bigint
                          THEN %(by)s::text ELSE %(channel)s::text END,
           provider_id = CASE WHEN id = %(last)s::bigint
                              THEN %(number)s::text ELSE provider_id END,
           claim = CASE WHEN id <> %(last)s::bigint THEN claim END,
           began_at = CASE WHEN id = %(last)s::bigint
                           THEN began_at ELSE %(now)s::timestamptz END,
           voided_at = NULL, failed_at = NULL, failed_because = ''
     WHERE id = ANY(ARRAY[%(last)s::bigint, %(key)s::bigint]) AND sent_at IS NULL
       AND (id = %(last)s::bigint OR {_MAY_BEGIN}) AND {_AT_ONCE}
    RETURNING id
    """,  # noqa: S608 - no value is written into it
)

# What is still on its way, or would be told by a call.
TO_WITHDRAW = """(worth_a_call AND expires_at > %(now)s
            OR sent_at IS NULL AND failed_at IS NULL AND voided_at IS NULL)"""
# In one statement, for every booking withdraws what its request was told.
VOID = Prepared(
    "void_messages",
    f"""
    UPDATE outbox_message
       SET worth_a_call = worth_a_call AND expires_at <= %(now)s,
           voided_at = CASE WHEN sent_at IS NULL AND failed_at IS NULL
                            THEN COALESCE(voided_at, %(now)s) ELSE voided_at END
     WHERE about = %(about)s
       AND {TO_WITHDRAW}
    """,  # noqa: S608 - no value is written into it
)

# One row for each of the arrays, but where the same fact is owed already.
OWE = Prepared(
    "owe_messages",
    f"""
    INSERT INTO outbox_message (about, recipient_id, created_at, key, kind, message_id,
        due_at, try_at, expires_at, worth_a_call, {", ".join(NOTHING_YET)})
    SELECT %(about)s::text, %(recipient)s::bigint, %(now)s::timestamptz, key, kind,
           gen_random_uuid(), due_at, due_at, expires_at, call,
           {", ".join(NOTHING_YET.values())}
      FROM unnest(%(keys)s::text[], %(kinds)s::text[],
                  %(due)s::timestamptz[], %(expire)s::timestamptz[],
                  %(worth_a_call)s::boolean[])
           WITH ORDINALITY AS owed (key, kind, due_at, expires_at, call, place)
     ORDER BY place
        ON CONFLICT DO NOTHING
    """,  # noqa: S608 - the names are ours
)
