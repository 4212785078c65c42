/* Numbers that the model (delivery.pml) and its judge (promises.c) share. */

#define PARTITIONS 2
#define MEMBERS 2
#define NOBODY 2

/* Records of one partition. A run that needs more is reported as `bound`. */
#define LOG 6
/* One more, since the mutation COMMIT_BEYOND looks there. */
#define SLOTS 8

/* Records: events 1 and 2 have one id and different content, event 3 has an id of its own, 4 is no event at all. */
#define EVENTS 3
#define UNREADABLE 4

/* States of the producer. */
#define DOWN 0
#define CONNECTING 1
#define READY 2
#define SENDING 3
#define STUCK 4

/* Where the request of the producer is. */
#define NO_REQUEST 0
#define ON_ITS_WAY 1
#define ACKNOWLEDGED 2
#define REFUSED 3

/* How a member tells that the log before its offset is not what it was. */
#define NOT_AT_ALL 0
#define BY_KEY 1
#define BY_CONTENT 2
#define BY_APPEND 3

/* What a member knows of its partitions. */
#define NOTHING 0
#define BEFORE 1
#define PRESENT 2

/* What a member knows of a record: nothing yet, to be written, to become a dead letter, failed, safe. */
#define UNREAD 0
#define TO_WRITE 1
#define TO_LETTER 2
#define FAILED 3
#define SAFE 4

/* Records of a partition that a member works on at once. */
#define WINDOW 2

/* Mutations: what a careless change could make of the product; cases.ts says which promises each one breaks. */
#define ACKS_0 1
#define PRODUCER_KEPT 2
#define UNCHECKED_ANSWER 3
#define NOT_RECONNECTED 4
#define COMMIT_BEFORE_WRITE 5
#define COMMIT_OVER_GAP 6
#define COMMIT_BEYOND 7
#define STALE_COMMIT 8
#define FAILURE_FORGOTTEN 9
#define POSITION_KEPT 10
#define LATEST_FIRST 11
#define RANDOM_ID 12
#define SWALLOWED_CONFLICT 13
#define EVERYTHING_IN_CONFLICT 14
#define REPETITION_IN_CONFLICT 15
#define WRITE_GIVEN_UP 16
#define NO_JOURNAL 17
#define LETTER_NOT_AWAITED 18
#define LETTER_GIVEN_UP 19
#define LETTER_ACKS_0 20
#define LETTER_BLOCKS_ALL 21
#define NOT_IDEMPOTENT 22
