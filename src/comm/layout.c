/* The order in which the open nodes of all ranks are added. */
#include "comm/layout.h"

#include <string.h>

/* A partial sum on the stack: a node of the tree, kept under the number of its leftmost open node. */
typedef struct {
	int level;
	int64_t index;
	int number;
} partial;

/* A node whose right sibling is empty is its parent. */
static void rise(partial *node, int leaves)
{
	while ((int64_t)1 << node->level < leaves && node->index % 2 == 0 && (node->index + 1) << node->level >= leaves) {
		node->level++;
		node->index /= 2;
	}
}

static bool are_siblings(const partial *left, const partial *right)
{
	return left->level == right->level && left->index % 2 == 0 && right->index == left->index + 1;
}

static void list_nodes(tw_layout *layout, partial *nodes)
{
	tw_chunks chunks = {.size = layout->leaves, .count = layout->leaves};
	for (int r = 0; r < layout->ranks; r++) {
		tw_tree tree;
		tw_tree_init(&tree, layout->leaves, tw_chunk_first(chunks, r, layout->ranks),
		             tw_chunk_first(chunks, r + 1, layout->ranks));
		layout->first[r] = layout->nodes;
		for (int i = 0; i < tree.nodes; i++) {
			nodes[layout->nodes] = (partial){tree.node[i].level, tree.node[i].index, layout->nodes};
			layout->nodes++;
		}
	}
	layout->first[layout->ranks] = layout->nodes;
}

/* The stack grows over nodes that have been read already. */
static void list_merges(tw_layout *layout, partial *stack)
{
	int depth = 0, merges = 0;
	for (int i = 0; i < layout->nodes; i++) {
		stack[depth] = stack[i];
		rise(&stack[depth++], layout->leaves);
		while (depth > 1 && are_siblings(&stack[depth - 2], &stack[depth - 1])) {
			partial *left = &stack[depth - 2], *right = &stack[depth - 1];
			layout->merge[merges++] = (tw_merge){left->number, right->number};
			left->level++;
			left->index /= 2;
			rise(left, layout->leaves);
			depth--;
		}
	}
}

tw_status tw_layout_init(tw_layout *layout, int leaves, int ranks)
{
	*layout = (tw_layout){.leaves = leaves, .ranks = ranks};
	int64_t most = (int64_t)ranks * TW_TREE_NODES;
	if (leaves < most) most = leaves;
	partial *nodes = NULL;
	tw_status status = tw_alloc_array((void **)&nodes, most, sizeof *nodes, "nodes of a sum");
	if (status == TW_OK) {
		status = tw_alloc_array((void **)&layout->first, ranks + 1, sizeof *layout->first, "nodes of a sum");
	}
	if (status == TW_OK) {
		status = tw_alloc_array((void **)&layout->merge, most, sizeof *layout->merge, "nodes of a sum");
	}
	if (status == TW_OK) {
		list_nodes(layout, nodes);
		list_merges(layout, nodes);
	}
	tw_free(nodes);
	return status;
}

void tw_layout_free(tw_layout *layout)
{
	tw_free(layout->first);
	tw_free(layout->merge);
	memset(layout, 0, sizeof *layout);
}
