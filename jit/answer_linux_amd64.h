// How far from its beginning ·writeLoads may access guest memory.
#define WRITE_LOADS 40
