/* The promises, as the model judges them; the words are those of the fault tests' oracle. Included into the checker. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROMISES(_) \
  _(LOST, lost) \
  _(SWALLOWED, swallowed) \
  _(DOUBLED, doubled) \
  _(UNACCOUNTED, unaccounted) \
  _(WRONG_LETTER, wrongLetter) \
  _(UNCOVERED, uncovered) \
  _(BACK, back) \
  _(UNDRAINED, undrained) \
  _(UNSAID, unsaid) \
  _(BOUND, bound)

#define NUMBER(constant, name) constant,
#define NAME(constant, name) #name,
enum promise { PROMISES(NUMBER) PROMISE_COUNT };

void note(enum promise which);
void read_bounds(void);
void simplify(void);
void judge_step(void);
void judge_end(void);
