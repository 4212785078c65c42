/* One translation unit: the judge needs the state as Spin lays it out in pan.c. */
#include "pan.c"
#include "promises.c"
