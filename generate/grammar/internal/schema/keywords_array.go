package schema

import "github.com/gocoreml/coreml/generate/grammar/internal/jsonvalue"

// maxItemsBound bounds the numbers of items and members that are counted one by one.
const maxItemsBound = 5_000

func (c *compiler) readArray(n *node) (*set, error) {
	a := anyArray()
	var err error
	if a.min, err = n.count("minItems", 0); err != nil {
		return nil, err
	}
	if a.max, err = n.count("maxItems", unlimited); err != nil {
		return nil, err
	}
	if err := c.readItems(n, a); err != nil {
		return nil, err
	}
	if v := n.get("uniqueItems"); v != nil {
		if v.Kind != jsonvalue.Bool {
			return nil, n.invalid("uniqueItems", "must be true or false")
		}
		a.unique = v.Bool
	}
	if n.get("contains") != nil {
		if err := c.readContains(n, a); err != nil {
			return nil, err
		}
	}
	s := c.everything()
	s.arr = nil
	if a = a.settle(); a != nil {
		s.arr = []*array{a}
	}
	return s, nil
}

// readItems reads the schemas of the items: prefixItems and items, which were items and
// additionalItems before 2020-12.
func (c *compiler) readItems(n *node, a *array) (err error) {
	items, prefix, rest := n.get("items"), "prefixItems", "items"
	if items != nil && items.Kind == jsonvalue.Array {
		if n.draft == draft20 && n.get("prefixItems") != nil {
			return n.invalid("items", "is a list beside prefixItems")
		}
		prefix, rest = "items", "additionalItems"
	}
	if v := n.get(prefix); v != nil {
		if v.Kind != jsonvalue.Array {
			return n.invalid(prefix, "must be a list of schemas")
		}
		for _, item := range v.Items {
			f, err := c.insideAt(n, item, prefix)
			if err != nil {
				return err
			}
			a.prefix = append(a.prefix, f)
		}
		a.seen = len(a.prefix)
	}
	if n.get(rest) != nil {
		if a.rest, err = c.insideOf(n, rest); err != nil {
			return err
		}
		a.seen = unlimited
	}
	return nil
}

func (c *compiler) readContains(n *node, a *array) error {
	f, err := c.insideOf(n, "contains")
	if err != nil {
		return err
	}
	h := contains{f: f}
	if h.min, err = n.count("minContains", 1); err != nil {
		return err
	}
	if h.max, err = n.count("maxContains", unlimited); err != nil {
		return err
	}
	a.has = []contains{h}
	if n.draft == draft20 {
		a.seenIf = []formula{f}
	}
	return nil
}
