"""The tree that should be: a sorted binary tree of ids, without any balancing."""


class Tree:
    def __init__(self):
        self.parents = {}  # id: parent's id, None for the topmost

    def __contains__(self, id):
        return id in self.parents

    def __iter__(self):
        return iter(sorted(self.parents))

    def __len__(self):
        return len(self.parents)

    def place(self, id):
        """The ids from the top down to the one below which this id belongs."""
        path, here = [], next((i for i, parent in self.parents.items() if parent is None), None)
        while here is not None and here != id:
            path.append(here)
            here = self.child(here, id)
        return path

    def child(self, parent, id):
        """The child on the side of id."""
        return next((i for i in self.children(parent) if (i < parent) == (id < parent)), None)

    def children(self, parent):
        return [i for i in sorted(self.parents) if self.parents[i] == parent]

    def insert(self, id):
        path = self.place(id)
        self.parents[id] = path[-1] if path else None

    def below(self, id):
        """The node and all its descendants, ascending."""
        return sorted(sum(map(self.below, self.children(id)), [id]))

    def remove(self, id):
        for gone in self.below(id):
            del self.parents[gone]
