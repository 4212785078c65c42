/*
 * The way of an event from the client to MongoDB, as a machine of guarded actions: each option of the loop below is one
 * step of one part, and Spin tries them in every order. README.md says how to run it, docs/delivery.md what it shows.
 *
 * The bounds and the mutation come from the environment (MODEL_faults=2 …), so that one compiled checker does for all.
 */
#include "constants.h"

typedef Partition {
  byte record[SLOTS]; /* which record, plus 8 times the id of its producer, plus 32 times `cuts` then; 0: none */
  byte length;
  byte committed;
  byte tail;    /* what was committed along: which record is the last one before `committed` */
  byte letters; /* one bit for each offset that has a dead letter */
  byte owner = NOBODY
}
typedef Lane {
  bit mine;
  byte position; /* the offset to read next */
  byte pending;  /* records that are read and not yet safe */
  byte record[SLOTS] /* STATUS of each offset, plus 8 times the event that it holds of it */
}
typedef Member {
  bit up;
  bit joined;      /* as the coordinator sees it */
  byte knows;      /* NOTHING, the PRESENT assignment of the group, or one that was BEFORE */
  Lane lane[PARTITIONS]
}

Partition partition[PARTITIONS];
Member member[MEMBERS];
byte producer = CONNECTING;
byte current;              /* the event that the producer sends */
byte producer_id;
byte sequence[PARTITIONS];
byte request;
byte late;                 /* a request that outlived its producer's patience: as `record` */
byte late_sequence;
byte sends[EVENTS + 1];    /* how often the client will still send each event */
byte unreadable;           /* records that a foreign client will still append */
bit is_sent;               /* event 1 has been sent */
byte acknowledged;         /* one bit for each event that was answered with 202 */
byte documents[EVENTS + 1];
byte late_insert;          /* an insert that outlived its member */
byte faults;               /* how many may still happen */
byte cuts;                 /* how often the log has lost records */
byte said;                 /* one bit for each partition that was stopped because the log lacks what was committed */
bit broker_up = 1;
bit store_up = 1;
bit letters_up = 1;

/* Bounds; not part of the state. */
hidden byte mutation;
hidden byte partitions;    /* in use */
hidden byte spread;        /* 1: events 2 and 3 are on the other partition; 0: only event 3 is, if there is one */
hidden byte truncation;    /* 1: a crash may cost the log its last record */
hidden byte tell;          /* NOT_AT_ALL, BY_KEY …: members compare `tail` when they begin to read a partition */
hidden byte rejoin;        /* 1: members join anew when the broker has been away */
hidden byte letters_never; /* 1: the topic of dead letters does not come back */
hidden byte repeats;       /* 1: the client may send each event twice */
hidden byte events;        /* in use */
hidden byte members;       /* in use */
hidden byte bound_faults, bound_unreadable;

/*
 * Scratch within one step, 0 between steps. Not hidden: what a d_step does to a hidden variable is not undone when the
 * search goes back into the middle of a step.
 */
byte outcome, n, at, stored, known;
byte m, p, o; /* the member, partition and offset that the step is about */

#define EVENT(p, o) (partition[p].record[o] & 7)
#define FROM(p, o) ((partition[p].record[o] >> 3) & 3)
#define ID_OF(v) ((v == 2 -> 1 : v))
/* How a record is told from another one on its offset: by its key, its content, or when it came. */
#define TAIL(p, o) \
  ((tell == BY_KEY -> ID_OF(EVENT(p, o)) : (tell == BY_CONTENT -> EVENT(p, o) : EVENT(p, o) + (partition[p].record[o] & 224))))
#define RIVAL(v) ((v == 1 -> 2 : (v == 2 -> 1 : 0)))
#define PARTITION_OF(v) (((partitions > 1 && (v == 3 || (v == 2 && spread))) -> 1 : 0))
#define IS(name) (mutation == name)
#define BIT(k) (1 << (k))
#define HELD(m, p, o) member[m].lane[p].record[o]
#define STATUS(m, p, o) (HELD(m, p, o) & 7)
#define HELD_EVENT(m, p, o) (HELD(m, p, o) >> 3)

c_decl {
\#include "promises.h"
};

/* Begins a step: one alternative for each lane, or each record of a lane, that `is` holds for. */
#define OF_LANE(is, i, j) :: is(i, j) -> m = i; p = j
#define OF_RECORD(is, i, j, k) :: is(i, j, k) -> m = i; p = j; o = k
#define OF_RECORDS(is, i, j) \
  OF_RECORD(is, i, j, 0) OF_RECORD(is, i, j, 1) OF_RECORD(is, i, j, 2) OF_RECORD(is, i, j, 3) OF_RECORD(is, i, j, 4) \
  OF_RECORD(is, i, j, 5)
#define ANY_LANE(is) if OF_LANE(is, 0, 0) OF_LANE(is, 0, 1) OF_LANE(is, 1, 0) OF_LANE(is, 1, 1) fi
#define ANY_RECORD(is) if OF_RECORDS(is, 0, 0) OF_RECORDS(is, 0, 1) OF_RECORDS(is, 1, 0) OF_RECORDS(is, 1, 1) fi
#define ANY_MEMBER(is) if :: is(0) -> m = 0 :: is(1) -> m = 1 fi

/* After every step: makes equal what cannot differ any more, and notes each promise that does not hold. */
inline check() {
  d_step { outcome = 0; n = 0; at = 0; stored = 0; known = 0; m = 0; p = 0; o = 0 };
  c_code { simplify(); judge_step(); }
}

/* --- The client and the producer --- */

/* The broker takes a record once: it acknowledges a sequence number that it has again, and refuses one that is too high. */
inline append(v, id, number) {
  d_step {
    at = PARTITION_OF((v));
    known = 0;
    n = 0;
    do
    :: n == partition[at].length -> break
    :: else -> known = known + (FROM(at, n) == id -> 1 : 0); n++
    od;
    if
    :: id != 0 && number < known -> outcome = ACKNOWLEDGED
    :: id != 0 && number > known -> outcome = REFUSED
    :: (id == 0 || number == known) && partition[at].length == LOG -> outcome = REFUSED; c_code { note(BOUND); }
    :: (id == 0 || number == known) && partition[at].length < LOG ->
      /* A dead letter for what was here before a cut does not answer for another event. */
      if
      :: EVENT(at, partition[at].length) != (v) ->
        partition[at].letters = partition[at].letters & ~BIT(partition[at].length)
      :: else
      fi;
      partition[at].record[partition[at].length] = (v) + 8 * (id) + 32 * cuts;
      partition[at].length++;
      outcome = ACKNOWLEDGED
    fi
  }
}

/* The producer gives a send up. Its sequence number was rolled back, so a new one with an id of its own comes next. */
inline give_up() {
  request = NO_REQUEST;
  current = 0;
  if
  :: IS(PRODUCER_KEPT) || IS(NOT_IDEMPOTENT) -> producer = READY
  :: IS(NOT_RECONNECTED) -> producer = STUCK
  :: else -> producer = CONNECTING; producer_id = 0; sequence[0] = 0; sequence[1] = 0
  fi
}

/* The request is on its way when nobody waits for it any more: it is lost, or arrives later. */
inline outlive() {
  if
  :: request == ON_ITS_WAY && late == 0 ->
    late = current + 8 * producer_id;
    late_sequence = sequence[PARTITION_OF(current)]
  :: skip
  fi
}

inline answered() {
  if
  :: producer_id != 0 -> sequence[PARTITION_OF(current)]++
  :: else
  fi;
  producer = READY;
  request = NO_REQUEST;
  current = 0
}

inline connect() {
  atomic {
    producer == CONNECTING && broker_up ->
    producer = READY;
    if
    :: IS(NOT_IDEMPOTENT) || IS(ACKS_0)
    :: else -> producer_id = ((late >> 3) == 1 -> 2 : 1)
    fi;
    printf("the producer connects, with id %d\n", producer_id);
    check()
  }
}

/* Events 1 and 2 differ in nothing but their content: on one partition, 1 is the first to be sent. */
inline send(e) {
  atomic {
    producer == READY && sends[e] > 0 && (e != 2 || spread || is_sent) && (late == 0 || !IS(ACKS_0)) ->
    sends[e]--;
    is_sent = (is_sent || e == 1);
    printf("the producer sends event %d (the client has it %d times more)\n", e, sends[e]);
    if
    :: IS(ACKS_0) -> late = e; acknowledged = acknowledged | BIT(e)
    :: else -> current = e; producer = SENDING; request = ON_ITS_WAY
    fi;
    check()
  }
}

inline broker_takes() {
  atomic {
    broker_up && request == ON_ITS_WAY ->
    append(current, producer_id, sequence[PARTITION_OF(current)]);
    request = outcome;
    printf("the broker takes event %d (2: acknowledges, 3: refuses): %d\n", current, outcome);
    check()
  }
}

inline broker_takes_late() {
  atomic {
    broker_up && late != 0 ->
    append(late & 7, (late >> 3), late_sequence);
    printf("the broker takes event %d from a late request (2: acknowledges, 3: refuses): %d\n", late & 7, outcome);
    late = 0;
    late_sequence = 0;
    check()
  }
}

inline answer_arrives() {
  atomic {
    request == ACKNOWLEDGED || (request == REFUSED && IS(UNCHECKED_ANSWER)) ->
    acknowledged = acknowledged | BIT(current);
    printf("the client gets 202 for event %d\n", current);
    answered();
    check()
  }
}

inline refusal_arrives() {
  atomic {
    request == REFUSED && !IS(UNCHECKED_ANSWER) ->
    printf("event %d was refused: outcome unknown\n", current);
    give_up();
    check()
  }
}

/* A client of the topic that is not ours. */
inline foreign_record() {
  atomic {
    unreadable > 0 && broker_up ->
    unreadable--;
    append(UNREADABLE, 0, 0);
    printf("a record that is no event is on the topic\n");
    check()
  }
}

/* --- The group and its members --- */

#define NEWS (member[0].up != member[0].joined || member[1].up != member[1].joined)

/* A new generation: what members know is the one before. */
inline share_out() {
  member[0].knows = (member[0].knows == NOTHING -> NOTHING : BEFORE);
  member[1].knows = (member[1].knows == NOTHING -> NOTHING : BEFORE);
  at = 0;
  do
  :: at == partitions -> break
  :: else ->
    if
    :: member[0].joined -> partition[at].owner = 0
    :: member[1].joined -> partition[at].owner = 1
    :: !member[0].joined && !member[1].joined -> partition[at].owner = NOBODY
    fi;
    at++
  od;
  printf("the partitions are assigned anew, to %d and %d\n", partition[0].owner, partition[1].owner)
}

/* The sessions of the dead end, the living join. */
inline rebalance() {
  atomic {
    broker_up && NEWS ->
    member[0].joined = member[0].up;
    member[1].joined = member[1].up;
    share_out();
    check()
  }
}

/* An insert that was on its way when its member died or lost the partition is lost, or arrives later. */
inline leave_insert() {
  at = 0;
  do
  :: at == partitions -> break
  :: else ->
    n = 0;
    do
    :: n == LOG -> break
    :: n < LOG && late_insert == 0 && STATUS(m, at, n) == TO_WRITE -> late_insert = HELD_EVENT(m, at, n); n++
    :: n < LOG -> n++
    od;
    at++
  od;
  /* Spin allows no jump into a d_step, which may follow. */
  n = 0
}

inline forget_lanes() {
  d_step {
    member[m].knows = NOTHING;
    at = 0;
    do
    :: at == PARTITIONS -> break
    :: else ->
      member[m].lane[at].mine = 0;
      member[m].lane[at].position = 0;
      member[m].lane[at].pending = 0;
      n = 0;
      do
      :: n == SLOTS -> break
      :: else -> HELD(m, at, n) = UNREAD; n++
      od;
      at++
    od;
    at = 0
  }
}

/* Where the member begins: the committed offset, whatever it was at before. */
inline start_lane() {
  if
  :: tell && partition[p].owner == m && partition[p].committed > 0 &&
      (partition[p].committed > partition[p].length || TAIL(p, partition[p].committed - 1) != partition[p].tail) ->
    said = said | BIT(p)
  :: else
  fi;
  known = member[m].lane[p].position;
  member[m].lane[p].mine = (partition[p].owner == m);
  member[m].lane[p].position = 0;
  member[m].lane[p].pending = 0;
  if
  :: partition[p].owner == m && IS(LATEST_FIRST) && partition[p].committed == 0 -> outcome = partition[p].length
  :: partition[p].owner == m && IS(POSITION_KEPT) && known > partition[p].committed -> outcome = known
  :: partition[p].owner != m -> outcome = 0
  :: else -> outcome = partition[p].committed
  fi;
  n = 0;
  do
  :: n == SLOTS -> break
  :: else -> HELD(m, p, n) = (n < outcome -> SAFE : UNREAD); n++
  od;
  member[m].lane[p].position = outcome
}

/* The member learns of its assignment. */
#define IS_BEHIND(m) \
  (broker_up && member[m].up && member[m].joined && member[m].knows != PRESENT)

inline sync() {
  atomic {
    ANY_MEMBER(IS_BEHIND);
    leave_insert();
    d_step {
      member[m].knows = PRESENT;
      p = 0;
      do
      :: p == partitions -> break
      :: else -> start_lane(); p++
      od;
      p = 0
    };
    printf("member %d knows its partitions\n", m);
    check()
  }
}

#define IS_DUE(m, p, o) (STATUS(m, p, o) == TO_LETTER)
#define LETTERS_DUE(m, p) \
  (IS_DUE(m, p, 0) || IS_DUE(m, p, 1) || IS_DUE(m, p, 2) || IS_DUE(m, p, 3) || IS_DUE(m, p, 4) || IS_DUE(m, p, 5))

#define MAY_FETCH(m, p) \
  (broker_up && member[m].lane[p].mine && !(said & BIT(p)) && member[m].lane[p].pending < WINDOW && member[m].lane[p].position < partition[p].length && !(IS(LETTER_BLOCKS_ALL) && (LETTERS_DUE(m, 0) || LETTERS_DUE(m, 1))))

inline fetch() {
  atomic {
    ANY_LANE(MAY_FETCH);
    n = member[m].lane[p].position;
    HELD(m, p, n) = (EVENT(p, n) == UNREADABLE -> TO_LETTER : TO_WRITE) + 8 * EVENT(p, n);
    printf("member %d reads offset %d of partition %d: event %d\n", m, n, p, EVENT(p, n));
    member[m].lane[p].position++;
    member[m].lane[p].pending++;
    check()
  }
}

inline safe() {
  HELD(m, p, o) = SAFE;
  member[m].lane[p].pending--
}

/* The store keeps one document for each id. `outcome`: what the member makes of the answer; `stored`: a document came. */
inline insert(v) {
  stored = 0;
  if
  :: IS(RANDOM_ID) ->
    documents[v] = (documents[v] < 2 -> documents[v] + 1 : 2);
    stored = 1;
    outcome = SAFE
  :: !IS(RANDOM_ID) && documents[v] > 0 ->
    outcome = (IS(REPETITION_IN_CONFLICT) -> TO_LETTER : SAFE)
  :: !IS(RANDOM_ID) && documents[v] == 0 && documents[RIVAL(v)] > 0 ->
    outcome = (IS(SWALLOWED_CONFLICT) -> SAFE : TO_LETTER)
  :: else ->
    documents[v] = 1;
    stored = 1;
    outcome = SAFE
  fi
}

#define MAY_WRITE(m, p, o) \
  (STATUS(m, p, o) == TO_WRITE && (store_up || IS(WRITE_GIVEN_UP)))

inline write() {
  atomic {
    ANY_RECORD(MAY_WRITE);
    if
    :: IS(EVERYTHING_IN_CONFLICT) -> outcome = TO_LETTER; stored = 0
    :: store_up && !IS(EVERYTHING_IN_CONFLICT) -> at = HELD_EVENT(m, p, o); insert(at)
    :: else -> outcome = SAFE; stored = 0
    fi;
    if
    :: outcome == SAFE -> safe()
    :: outcome == TO_LETTER -> HELD(m, p, o) = TO_LETTER + 8 * HELD_EVENT(m, p, o)
    :: stored && faults > 0 -> faults--; printf("FAULT: the store's answer is lost\n")
    fi;
    printf("member %d writes offset %d of partition %d (stored: %d)\n", m, o, p, stored);
    check()
  }
}

inline late_insert_arrives() {
  atomic {
    store_up && late_insert != 0 ->
    at = late_insert;
    late_insert = 0;
    printf("a late insert of event %d reaches the store\n", at);
    insert(at);
    check()
  }
}

#define MAY_SEND_LETTER(m, p, o) \
  (STATUS(m, p, o) == TO_LETTER && ((broker_up && letters_up) || IS(LETTER_GIVEN_UP)))

inline letter() {
  atomic {
    ANY_RECORD(MAY_SEND_LETTER);
    if
    :: broker_up && letters_up ->
      partition[p].letters = partition[p].letters | (EVENT(p, o) == HELD_EVENT(m, p, o) -> BIT(o) : 0);
      safe()
    :: broker_up && letters_up && !(partition[p].letters & BIT(o)) && EVENT(p, o) == HELD_EVENT(m, p, o) && faults > 0 ->
      faults--;
      partition[p].letters = partition[p].letters | BIT(o);
      printf("FAULT: the answer to a dead letter is lost\n")
    :: broker_up && letters_up && IS(LETTER_ACKS_0) && faults > 0 ->
      faults--;
      printf("FAULT: a dead letter is lost\n");
      safe()
    :: !(broker_up && letters_up) -> safe()
    fi;
    printf("member %d sends a dead letter for offset %d of partition %d\n", m, o, p);
    check()
  }
}

/* Whether the commit may pass over a record of this status. */
#define PASSABLE(s) \
  (s == SAFE || (s != UNREAD && IS(COMMIT_BEFORE_WRITE)) || (s == TO_LETTER && IS(LETTER_NOT_AWAITED)) || \
   (s == FAILED && IS(FAILURE_FORGOTTEN)))

/* The offset after all that is safe without a gap. */
inline find_committable() {
  n = 0;
  outcome = 0;
  do
  :: n == LOG -> break
  :: n < LOG && PASSABLE(STATUS(m, p, n)) && (outcome == n || IS(COMMIT_OVER_GAP)) -> n++; outcome = n
  :: else -> n++
  od;
  if
  :: IS(COMMIT_BEYOND) -> outcome++
  :: else
  fi
}

inline set_committed() {
  if
  :: outcome < partition[p].committed -> c_code { note(BACK); }
  :: else
  fi;
  partition[p].committed = outcome;
  partition[p].tail = (tell && outcome > 0 -> TAIL(p, outcome - 1) : 0)
}

/* Kafka takes a commit of the group's present generation only. */
#define MAY_COMMIT(m, p) \
  (broker_up && member[m].lane[p].mine && member[m].knows == PRESENT && (PASSABLE(STATUS(m, p, partition[p].committed)) || (IS(COMMIT_OVER_GAP) && STATUS(m, p, partition[p].committed + 1) == SAFE)))

inline commit() {
  atomic {
    ANY_LANE(MAY_COMMIT);
    d_step { find_committable() };
    set_committed();
    printf("member %d commits offset %d of partition %d\n", m, outcome, p);
    check()
  }
}

#define MAY_COMMIT_LATE(m, p) \
  (IS(STALE_COMMIT) && faults > 0 && broker_up && member[m].lane[p].mine && member[m].knows != PRESENT)

inline stale_commit() {
  atomic {
    ANY_LANE(MAY_COMMIT_LATE);
    faults--;
    d_step { find_committable() };
    set_committed();
    printf("member %d commits offset %d of partition %d late\n", m, outcome, p);
    check()
  }
}

/* After a failure the member gives its consumer up for another one, which begins at the committed offset. */
#define HAS_FAILED(m, p, o) \
  (STATUS(m, p, o) == FAILED && !IS(FAILURE_FORGOTTEN))

inline replace() {
  atomic {
    ANY_RECORD(HAS_FAILED);
    leave_insert();
    forget_lanes();
    member[m].joined = 0;
    printf("member %d joins anew after a failure\n", m);
    check()
  }
}

/* The log is shorter than what was committed or read: the member stops there and says so. */
#define IS_OUT_OF_RANGE(m, p) \
  (broker_up && member[m].lane[p].mine && !(said & BIT(p)) && member[m].lane[p].position > partition[p].length)

inline out_of_range() {
  atomic {
    ANY_LANE(IS_OUT_OF_RANGE);
    said = said | BIT(p);
    printf("member %d stops partition %d: its position is beyond the end\n", m, p);
    check()
  }
}

/* --- Everything that was away comes back --- */

inline comes_back() {
  if
  :: atomic {
    !broker_up ->
    broker_up = 1;
    printf("the broker is back\n");
    if
    :: rejoin -> share_out()
    :: else
    fi;
    check()
  }
  :: atomic { !store_up -> store_up = 1; printf("the store is back\n"); check() }
  :: atomic { !letters_up && !letters_never -> letters_up = 1; printf("the dead letters are back\n"); check() }
  fi
}

inline producer_restarts() {
  atomic { producer == DOWN -> producer = CONNECTING; printf("the producer starts\n"); check() }
}

/* A new process is a new member. */
#define IS_DOWN(m) \
  (m < members && !member[m].up)

inline member_restarts() {
  atomic {
    ANY_MEMBER(IS_DOWN);
    member[m].up = 1;
    member[m].joined = 0;
    printf("member %d starts\n", m);
    check()
  }
}

/* --- Faults, each of which uses up one of those that may happen --- */

inline producer_dies() {
  atomic {
    faults > 0 && producer != DOWN ->
    faults--;
    outlive();
    request = NO_REQUEST;
    current = 0;
    producer_id = 0;
    sequence[0] = 0;
    sequence[1] = 0;
    producer = DOWN;
    printf("FAULT: the producer dies (late request: %d)\n", late & 7);
    check()
  }
}

/* The request or its answer is lost or late; the Kafka client sends it again as it was, or the producer gives it up. */
inline send_fails() {
  atomic {
    faults > 0 && request != NO_REQUEST ->
    faults--;
    outlive();
    if
    :: request = ON_ITS_WAY; printf("FAULT: no answer from the broker, the client repeats (late request: %d)\n", late & 7)
    :: give_up(); printf("FAULT: no answer from the broker, given up (late request: %d)\n", late & 7)
    fi;
    check()
  }
}

inline client_misses_answer() {
  atomic {
    faults > 0 && request == ACKNOWLEDGED ->
    faults--;
    printf("FAULT: the client gets no answer for event %d\n", current);
    answered();
    check()
  }
}

/* Kafka's client makes an empty answer of it, and no error. */
inline partition_missing() {
  atomic {
    faults > 0 && broker_up && request == ON_ITS_WAY ->
    faults--;
    request = REFUSED;
    printf("FAULT: the topic lacks the partition of event %d\n", current);
    check()
  }
}

inline broker_dies() {
  atomic {
    faults > 0 && broker_up ->
    faults--;
    broker_up = 0;
    late = 0;
    late_sequence = 0;
    printf("FAULT: the broker dies\n");
    if
    :: request == NO_REQUEST
    :: request != NO_REQUEST -> request = ON_ITS_WAY
    :: request != NO_REQUEST -> give_up()
    fi;
    n = 2;
    if
    :: truncation && partition[0].length > 0 -> n = 0
    :: truncation && partition[1].length > 0 -> n = 1
    :: skip
    fi;
    if
    :: n < 2 ->
      cuts++;
      partition[n].length--;
      printf("FAULT: and loses the last record of partition %d\n", n)
    :: else
    fi;
    check()
  }
}

#define MAY_DIE(m) \
  (faults > 0 && member[m].up)

inline member_dies() {
  atomic {
    ANY_MEMBER(MAY_DIE);
    faults--;
    leave_insert();
    forget_lanes();
    member[m].up = 0;
    printf("FAULT: member %d dies (late insert: %d)\n", m, late_insert);
    check()
  }
}

/* Paused or cut off, its session ends; it goes on with what it has, until it hears of the new generation. */
#define MAY_BE_EXPELLED(m) \
  (faults > 0 && broker_up && member[m].up && member[m].joined)

inline member_expelled() {
  atomic {
    ANY_MEMBER(MAY_BE_EXPELLED);
    faults--;
    member[m].joined = 0;
    printf("FAULT: member %d is expelled\n", m);
    share_out();
    check()
  }
}

inline reassigned() {
  atomic {
    faults > 0 && broker_up && member[0].joined && member[1].joined ->
    faults--;
    printf("FAULT: the partitions are assigned anew\n");
    share_out();
    check()
  }
}

#define MAY_FAIL(m, p, o) \
  (faults > 0 && STATUS(m, p, o) == TO_WRITE)

inline batch_fails() {
  atomic {
    ANY_RECORD(MAY_FAIL);
    faults--;
    HELD(m, p, o) = FAILED;
    printf("FAULT: member %d fails at offset %d of partition %d\n", m, o, p);
    check()
  }
}

inline store_dies() {
  atomic {
    faults > 0 && store_up ->
    faults--;
    store_up = 0;
    printf("FAULT: the store dies\n");
    if
    :: IS(NO_JOURNAL) && documents[1] > 0 -> documents[1]--
    :: IS(NO_JOURNAL) && documents[2] > 0 -> documents[2]--
    :: IS(NO_JOURNAL) && documents[3] > 0 -> documents[3]--
    :: skip
    fi;
    check()
  }
}

inline letters_away() {
  atomic {
    faults > 0 && letters_up ->
    faults--;
    letters_up = 0;
    printf("FAULT: the topic of dead letters is away\n");
    check()
  }
}

inline set_out() {
  c_code { read_bounds(); };
  d_step {
    faults = bound_faults;
    unreadable = bound_unreadable;
    n = 0;
    do
    :: n == members -> break
    :: else -> member[n].up = 1; member[n].joined = 1; member[n].knows = PRESENT; n++
    od;
    partition[0].owner = 0;
    member[0].lane[0].mine = 1;
    if
    :: partitions == 2 -> partition[1].owner = members - 1; member[members - 1].lane[1].mine = 1
    :: else
    fi
  };
  n = 1;
  do
  :: n > events -> break
  :: n <= events -> sends[n] = 1; n++
  :: n <= events && repeats -> sends[n] = 2; n++
  od
}

init {
  atomic { set_out() };
  do
  :: connect()
  :: send(1)
  :: send(2)
  :: send(3)
  :: broker_takes()
  :: broker_takes_late()
  :: answer_arrives()
  :: refusal_arrives()
  :: foreign_record()
  :: rebalance()
  :: sync()
  :: fetch()
  :: write()
  :: late_insert_arrives()
  :: letter()
  :: commit()
  :: stale_commit()
  :: replace()
  :: out_of_range()
  :: comes_back()
  :: producer_restarts()
  :: member_restarts()
  :: producer_dies()
  :: send_fails()
  :: client_misses_answer()
  :: partition_missing()
  :: broker_dies()
  :: member_dies()
  :: member_expelled()
  :: reassigned()
  :: batch_fails()
  :: store_dies()
  :: letters_away()
  :: else -> break
  od;
  /* Nothing more can happen: whatever is not well now never will be. */
  c_code { judge_end(); }
}
