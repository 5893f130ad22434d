package schema

import (
	"github.com/gocoreml/coreml/generate/grammar/internal/jsonvalue"
	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

func (c *compiler) readObject(n *node) (*set, error) {
	o := c.anyObject()
	var err error
	if o.min, err = n.count("minProperties", 0); err != nil {
		return nil, err
	}
	if o.max, err = n.count("maxProperties", unlimited); err != nil {
		return nil, err
	}
	if err := c.readProperties(n, o); err != nil {
		return nil, err
	}
	if err := c.readPatterns(n, o); err != nil {
		return nil, err
	}
	if n.get("propertyNames") != nil {
		c.at.keyword = "propertyNames"
		f, err := c.schemaOf(n, "propertyNames")
		if err != nil {
			return nil, err
		}
		names, err := c.expand(f)
		if err != nil {
			return nil, err
		}
		if names.str != c.anyString {
			o.pats = append(o.pats, pattern{c.without(c.anyString, names.str, c.anyString), never})
		}
	}
	for i, p := range o.props {
		o.props[i].f = c.patterned(p.f, p.key, o.pats)
	}
	s := c.everything()
	s.obj = nil
	if o = o.settle(); o != nil {
		s.obj = []*object{o}
	}
	return s, nil
}

// readProperties reads properties and required.
func (c *compiler) readProperties(n *node, o *object) error {
	if v := n.get("properties"); v != nil {
		c.at.keyword = "properties"
		if v.Kind != jsonvalue.Object {
			return n.invalid("properties", "must be an object of schemas")
		}
		for _, m := range v.Members {
			f, err := c.insideAt(n, m.Value, "properties")
			if err != nil {
				return err
			}
			o.props = append(o.props, property{key: m.Key, f: f})
		}
	}
	v := n.get("required")
	if v == nil || v.Kind == jsonvalue.Bool && n.draft == draft4 {
		return nil
	}
	names, err := n.names("required", v)
	if err != nil {
		return err
	}
	at := o.index()
	for _, key := range names {
		i, ok := at[key]
		if !ok {
			i = len(o.props)
			at[key] = i
			o.props = append(o.props, property{key: key, f: always})
		}
		o.props[i].required = true
	}
	return nil
}

// names reads a list of names.
func (n *node) names(keyword string, v *jsonvalue.Value) ([]string, error) {
	if v.Kind != jsonvalue.Array {
		return nil, n.invalid(keyword, "must be a list of names")
	}
	var list []string
	for _, item := range v.Items {
		if item.Kind != jsonvalue.String {
			return nil, n.invalid(keyword, "must be a list of names")
		}
		list = append(list, item.Str)
	}
	return list, nil
}

// readPatterns reads patternProperties and additionalProperties.
func (c *compiler) readPatterns(n *node, o *object) error {
	// Names that only required mentions are additional.
	var known []rules.Expr
	if v := n.get("properties"); v != nil {
		for _, m := range v.Members {
			known = append(known, c.name(m.Key))
		}
	}
	if v := n.get("patternProperties"); v != nil {
		c.at.keyword = "patternProperties"
		if v.Kind != jsonvalue.Object {
			return n.invalid("patternProperties", "must be an object of schemas")
		}
		for _, m := range v.Members {
			names, err := c.pattern(m.Key)
			if err != nil {
				return err
			}
			f, err := c.insideAt(n, m.Value, "patternProperties")
			if err != nil {
				return err
			}
			known = append(known, names)
			o.pats = append(o.pats, pattern{names, f})
		}
	}
	if c.doc.tracked {
		o.seen = c.b.Or(known...)
	}
	if n.get("additionalProperties") != nil {
		c.at.keyword = "additionalProperties"
		f, err := c.insideOf(n, "additionalProperties")
		if err != nil {
			return err
		}
		o.seen = c.anyString
		if f != always {
			o.pats = append(o.pats, pattern{c.without(c.anyString, c.b.Or(known...), c.anyString), f})
		}
	}
	return nil
}
