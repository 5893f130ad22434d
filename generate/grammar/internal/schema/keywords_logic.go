package schema

import (
	"github.com/gocoreml/coreml/generate/grammar/internal/jsonvalue"
)

func (c *compiler) readRef(n *node) (*set, error) {
	target, err := c.doc.resolve(n, "$ref")
	if err != nil {
		return nil, err
	}
	return c.expand(c.schema(target))
}

// readDynamicRef reads a reference whose target depends on the way on which it is met:
// only where there is one such target, so that it is the same on every way.
func (c *compiler) readDynamicRef(n *node) (*set, error) {
	target, err := c.doc.resolve(n, "$dynamicRef")
	if err != nil {
		return nil, err
	}
	if v := target.get("$dynamicAnchor"); v != nil && v.Kind == jsonvalue.String && len(c.doc.dynamic[v.Str]) > 1 {
		return nil, n.unsupported("$dynamicRef", "has several targets of the name %s: use $ref", quoted(v.Str))
	}
	return c.expand(c.schema(target))
}

func (c *compiler) readRecursiveRef(n *node) (*set, error) {
	return nil, n.unsupported("$recursiveRef", "is not followed: use $ref")
}

// branches are the formulas of the list of schemas that a keyword has.
func (c *compiler) branches(n *node, keyword string) ([]formula, error) {
	v := n.get(keyword)
	if v.Kind != jsonvalue.Array || len(v.Items) == 0 {
		return nil, n.invalid(keyword, "must be a list of at least one schema")
	}
	var list []formula
	for _, item := range v.Items {
		f, err := c.schemaAt(n, item, keyword)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

func (c *compiler) readAllOf(n *node) (*set, error) {
	list, err := c.branches(n, "allOf")
	if err != nil {
		return nil, err
	}
	s := c.everything()
	for _, f := range list {
		next, err := c.expand(f)
		if err != nil {
			return nil, err
		}
		if s, err = c.meet(s, next); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (c *compiler) readAnyOf(n *node) (*set, error) {
	list, err := c.branches(n, "anyOf")
	if err != nil {
		return nil, err
	}
	s := c.nothing()
	for _, f := range list {
		next, err := c.expand(f)
		if err != nil {
			return nil, err
		}
		if s, err = c.either(s, next); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// either is the set of the values that one of two schemas allows. Where it matters what
// they have evaluated, those that both allow are apart, since both have evaluated them.
// They need not be taken out of the others: the more is evaluated, the more is allowed.
func (c *compiler) either(a, b *set) (*set, error) {
	s, err := c.join(a, b)
	if err != nil || !c.doc.tracked {
		return s, err
	}
	both, err := c.meet(a, b)
	if err != nil {
		return nil, err
	}
	both.num, both.str = c.b.Nothing(), c.b.Nothing()
	return c.join(s, both)
}

func (c *compiler) readOneOf(n *node) (*set, error) {
	list, err := c.branches(n, "oneOf")
	if err != nil {
		return nil, err
	}
	sets := make([]*set, len(list))
	for i, f := range list {
		if sets[i], err = c.expand(f); err != nil {
			return nil, err
		}
	}
	all := c.nothing()
	for i, s := range sets {
		for j, other := range sets {
			if i == j {
				continue
			}
			if s, err = c.subtract(s, other); err != nil {
				return nil, err
			}
		}
		if all, err = c.join(all, s); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (c *compiler) readNot(n *node) (*set, error) {
	f, err := c.schemaOf(n, "not")
	if err != nil {
		return nil, err
	}
	return c.expand(c.not(f, c.at))
}

func (c *compiler) readIf(n *node) (*set, error) {
	if n.get("then") == nil && n.get("else") == nil && !c.doc.tracked {
		return nil, nil
	}
	f, err := c.schemaOf(n, "if")
	if err != nil {
		return nil, err
	}
	branch := func(keyword string) (*set, error) {
		if n.get(keyword) == nil {
			return c.everything(), nil
		}
		f, err := c.schemaOf(n, keyword)
		if err != nil {
			return nil, err
		}
		return c.expand(f)
	}
	yes, err := branch("then")
	if err != nil {
		return nil, err
	}
	no, err := branch("else")
	if err != nil {
		return nil, err
	}
	condition, err := c.expand(f)
	if err != nil {
		return nil, err
	}
	return c.choose(condition, yes, no)
}

// choose is the set of the values of yes that a condition holds, and of those of no that
// it does not.
func (c *compiler) choose(condition, yes, no *set) (*set, error) {
	yes, err := c.meet(condition, yes)
	if err != nil {
		return nil, err
	}
	if no, err = c.subtract(no, condition); err != nil {
		return nil, err
	}
	return c.join(yes, no)
}

// readDependent reads the keywords that ask for something if a member is there.
func (c *compiler) readDependent(n *node) (*set, error) {
	s := c.everything()
	for _, keyword := range []string{"dependentRequired", "dependentSchemas", "dependencies"} {
		v := n.get(keyword)
		if v == nil {
			continue
		}
		c.at.keyword = keyword
		if v.Kind != jsonvalue.Object {
			return nil, n.invalid(keyword, "must be an object")
		}
		for _, m := range v.Members {
			then, err := c.dependent(n, keyword, m.Value)
			if err != nil {
				return nil, err
			}
			with := c.everything()
			with.obj = []*object{{props: []property{{m.Key, always, true}}, max: unlimited, seen: c.b.Nothing()}}
			with.null, with.yes, with.no, with.num, with.str, with.arr = false, false, false, c.b.Nothing(), c.b.Nothing(), nil
			if then, err = c.choose(with, then, c.everything()); err != nil {
				return nil, err
			}
			if s, err = c.meet(s, then); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// dependent is what is asked for if a member is there.
func (c *compiler) dependent(n *node, keyword string, v *jsonvalue.Value) (*set, error) {
	if keyword == "dependentRequired" || keyword == "dependencies" && v.Kind == jsonvalue.Array {
		names, err := n.names(keyword, v)
		if err != nil {
			return nil, err
		}
		s, o := c.everything(), c.anyObject()
		seen := map[string]bool{}
		for _, key := range names {
			if !seen[key] {
				seen[key] = true
				o.props = append(o.props, property{key, always, true})
			}
		}
		s.obj = []*object{o}
		return s, nil
	}
	f, err := c.schemaAt(n, v, keyword)
	if err != nil {
		return nil, err
	}
	return c.expand(f)
}

// readUnevaluated narrows the values of all other keywords by unevaluatedItems and
// unevaluatedProperties, which ask what those have looked at.
func (c *compiler) readUnevaluated(n *node, s *set) (*set, error) {
	if n.draft <= draft7 && n.get("$ref") != nil {
		return s, nil
	}
	out := *s
	if n.get("unevaluatedItems") != nil {
		c.at = site{n, "unevaluatedItems"}
		f, err := c.schemaOf(n, "unevaluatedItems")
		if err != nil {
			return nil, err
		}
		out.arr = nil
		for _, a := range s.arr {
			more := &array{rest: always, max: unlimited, seen: unlimited}
			if a.seen != unlimited {
				for range a.seen {
					more.prefix = append(more.prefix, always)
				}
				more.rest = c.or(c.at, append([]formula{f}, a.seenIf...)...)
			}
			if m := c.meetArrays(a, more); m != nil {
				out.arr = append(out.arr, m)
			}
		}
	}
	if n.get("unevaluatedProperties") != nil {
		c.at = site{n, "unevaluatedProperties"}
		f, err := c.schemaOf(n, "unevaluatedProperties")
		if err != nil {
			return nil, err
		}
		out.obj = nil
		for _, o := range s.obj {
			more := &object{max: unlimited, seen: c.anyString}
			if names := c.without(c.anyString, o.seen, c.anyString); f != always && names != c.b.Nothing() {
				more.pats = []pattern{{names, f}}
			}
			if m := c.meetObjects(o, more); m != nil {
				out.obj = append(out.obj, m)
			}
		}
	}
	return &out, nil
}
