/* The nodes of all ranks, and the order of additions that makes the root of them. */
#ifndef THALWEG_COMM_LAYOUT_H
#define THALWEG_COMM_LAYOUT_H

#include <thalweg/comm.h>

/* Node left takes the sum of nodes left and right. */
typedef struct {
	int left, right;
} tw_merge;

/* The open nodes, rank by rank, from the left of the tree to its right: rank r has [first[r], first[r+1]). The
 * nodes - 1 merges, done in order, leave the sum of all in node 0. */
typedef struct {
	int leaves, ranks, nodes;
	int *first;
	tw_merge *merge;
} tw_layout;

/* A zeroed layout may be freed. */
tw_status tw_layout_init(tw_layout *layout, int leaves, int ranks);
void tw_layout_free(tw_layout *layout);
static inline int tw_layout_count(const tw_layout *layout, int rank)
{
	return layout->first[rank + 1] - layout->first[rank];
}

#endif
