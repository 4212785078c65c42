/* Judges one state of the model, and the last one of a run. Sees the state as Spin lays it out: `now`. */
#include "constants.h"

static const char *const promise_names[] = {PROMISES(NAME)};

/* Not part of the state: which promises some state has broken so far. */
static int is_broken[PROMISE_COUNT];
static int stop_at = -1;
static long ends;

static int bound(const char *name, int otherwise) {
  char variable[64];
  snprintf(variable, sizeof variable, "MODEL_%s", name);
  const char *value = getenv(variable);
  return value == NULL ? otherwise : atoi(value);
}

/* One line for each promise that was broken in some state, and how many runs ended. */
static void summarise(void) {
  printf("ends: %ld\n", ends);
  for (int k = 0; k < PROMISE_COUNT; k++)
    if (is_broken[k]) printf("broken: %s\n", promise_names[k]);
}

void read_bounds(void) {
  mutation = bound("mutation", 0);
  partitions = bound("partitions", 1);
  members = bound("members", 2);
  events = bound("events", 3);
  repeats = bound("repeats", 0);
  spread = bound("spread", 0);
  truncation = bound("truncation", 0);
  tell = bound("tell", NOT_AT_ALL);
  rejoin = bound("rejoin", 0);
  letters_never = bound("letters_never", 0);
  bound_faults = bound("faults", 1);
  bound_unreadable = bound("unreadable", 0);
  const char *wanted = getenv("MODEL_stop_at");
  for (int k = 0; wanted != NULL && k < PROMISE_COUNT; k++)
    if (strcmp(wanted, promise_names[k]) == 0) stop_at = k;
  atexit(summarise);
}

void note(enum promise which) {
  is_broken[which] = 1;
  if ((int)which == stop_at) uerror((char *)promise_names[which]);
}

static int event_at(int p, int o) { return now.partition[p].record[o] & 7; }
static int producer_of(int p, int o) { return (now.partition[p].record[o] >> 3) & 3; }
static int rival_of(int v) { return v == 1 ? 2 : v == 2 ? 1 : 0; }
static int is_stored(int v) { return v <= EVENTS && now.documents[v] > 0; }
static int has_letter(int p, int o) { return (now.partition[p].letters >> o) & 1; }

/* A document, a dead letter, or the repetition of a stored event. */
static int is_accounted(int p, int o) { return has_letter(p, o) || is_stored(event_at(p, o)); }

static int records_from(int p, int id) {
  int count = 0;
  for (int o = 0; o < now.partition[p].length; o++) count += producer_of(p, o) == id;
  return count;
}

static int partition_of(int v) { return partitions > 1 && (v == 3 || (v == 2 && spread)); }

/*
 * Fewer states for the same behaviour. A late insert whose id is taken, and a late request that the broker has already,
 * change nothing when they arrive; the id of a producer that has nothing on its way any more is never looked for again.
 */
void simplify(void) {
  int v = now.late_insert;
  if (v != 0 && mutation != RANDOM_ID && (is_stored(v) || is_stored(rival_of(v)))) now.late_insert = 0;
  int id = now.late >> 3;
  if (id != 0 && !truncation && records_from(partition_of(now.late & 7), id) > now.late_sequence) {
    now.late = 0;
    now.late_sequence = 0;
  }
  for (int p = 0; p < partitions; p++)
    for (int o = 0; o < now.partition[p].length; o++) {
      id = producer_of(p, o);
      if (id != now.producer_id && id != now.late >> 3) now.partition[p].record[o] &= ~(3 << 3);
    }
}

void judge_step(void) {
  for (int v = 1; v <= EVENTS; v++)
    if (now.documents[v] > 1 || (is_stored(v) && is_stored(rival_of(v)))) note(DOUBLED);
  for (int p = 0; p < partitions; p++) {
    if (!truncation && now.partition[p].committed > now.partition[p].length) note(UNCOVERED);
    for (int o = 0; o < now.partition[p].length; o++) {
      int v = event_at(p, o);
      if (o < now.partition[p].committed && !is_accounted(p, o)) note(UNCOVERED);
      if (has_letter(p, o) && v != UNREADABLE && (is_stored(v) || !is_stored(rival_of(v)))) note(WRONG_LETTER);
    }
  }
}

/* A letter answers for an event only where the other one of its id is stored. */
static int is_answered_for(int v) {
  for (int p = 0; p < partitions; p++)
    for (int o = 0; o < now.partition[p].length; o++)
      if (event_at(p, o) == v && has_letter(p, o) && is_stored(rival_of(v))) return 1;
  return 0;
}

/* All that is left of the partition waits for a topic of dead letters that does not come back. */
static int waits_for_letters(int p) {
  int o = now.partition[p].committed;
  if (!letters_never || now.letters_up || o >= now.partition[p].length) return 0;
  return event_at(p, o) == UNREADABLE || is_stored(rival_of(event_at(p, o)));
}

/* It is on the topic, and what comes before it or itself waits so. */
static int is_waiting(int v) {
  for (int p = 0; p < partitions; p++)
    for (int o = now.partition[p].committed; o < now.partition[p].length; o++)
      if (event_at(p, o) == v && waits_for_letters(p)) return 1;
  return 0;
}

static void judge_partition(int p) {
  int stopped = (now.said >> p) & 1;
  for (int o = 0; o < now.partition[p].length; o++) {
    if (is_accounted(p, o)) continue;
    if (truncation && o < now.partition[p].committed && !stopped) note(UNSAID);
    if (!waits_for_letters(p)) note(UNACCOUNTED);
  }
  if (truncation && stopped) return;
  if (now.partition[p].committed != now.partition[p].length && !waits_for_letters(p)) note(UNDRAINED);
}

void judge_end(void) {
  ends++;
  if (now.producer != READY) note(UNDRAINED);
  for (int v = 1; v <= EVENTS; v++) {
    if (now.sends[v] > 0) note(UNDRAINED);
    if (!((now.acknowledged >> v) & 1) || is_stored(v) || is_answered_for(v) || is_waiting(v)) continue;
    if (is_stored(rival_of(v))) note(SWALLOWED);
    else note(LOST);
  }
  for (int p = 0; p < partitions; p++) judge_partition(p);
}
