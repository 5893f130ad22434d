package schema

import (
	"slices"

	"github.com/gocoreml/coreml/generate/grammar/internal/jsonvalue"
	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// keyword reads one keyword, or some that belong together, of a schema and returns the
// values that they allow; nil for all.
type keyword struct {
	names []string
	read  func(c *compiler, n *node) (*set, error)
}

// keywords are all that change which values a schema allows. Their order is that in
// which the names of an object's members become known, which is the order in which
// they are written: those that the schema itself declares come first.
//
// It is filled in by init as the functions refer to it.
var keywords []keyword

func init() {
	keywords = []keyword{
		{[]string{"type", "nullable"}, (*compiler).readType},
		{[]string{"enum"}, (*compiler).readEnum},
		{[]string{"const"}, (*compiler).readConst},
		{[]string{"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"}, (*compiler).readNumber},
		{[]string{"minLength", "maxLength", "pattern", "format"}, (*compiler).readString},
		{[]string{"items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems", "contains"}, (*compiler).readArray},
		{[]string{"properties", "required", "patternProperties", "additionalProperties", "propertyNames", "minProperties", "maxProperties"}, (*compiler).readObject},
		{[]string{"$ref"}, (*compiler).readRef},
		{[]string{"$dynamicRef"}, (*compiler).readDynamicRef},
		{[]string{"$recursiveRef"}, (*compiler).readRecursiveRef},
		{[]string{"allOf"}, (*compiler).readAllOf},
		{[]string{"anyOf"}, (*compiler).readAnyOf},
		{[]string{"oneOf"}, (*compiler).readOneOf},
		{[]string{"not"}, (*compiler).readNot},
		{[]string{"if"}, (*compiler).readIf},
		{[]string{"dependentRequired", "dependentSchemas", "dependencies"}, (*compiler).readDependent},
		{[]string{"divisibleBy", "disallow", "extends"}, (*compiler).readAncient},
	}
}

// asserts reports whether a schema that is an object has a keyword which can forbid a
// value.
func (n *node) asserts() bool { return n.keyword() != "" }

// keyword is the first keyword of a schema that can forbid a value, empty for none.
func (n *node) keyword() string {
	for _, m := range n.value.Members {
		if isAssertion(m.Key) {
			return m.Key
		}
	}
	return ""
}

// isAssertion reports whether a keyword can forbid a value.
func isAssertion(name string) bool {
	return name == "unevaluatedItems" || name == "unevaluatedProperties" ||
		slices.ContainsFunc(keywords, func(k keyword) bool { return slices.Contains(k.names, name) })
}

// expandSchema returns the values that a schema allows.
func (c *compiler) expandSchema(n *node) (*set, error) {
	if n.value.Kind != jsonvalue.Object {
		return nil, n.invalid("", "must be an object or a boolean, and is %s %s", article(n.value.Kind), n.value.Kind)
	}
	s := c.everything()
	for _, k := range keywords {
		// Before 2019-09 a reference stood for all of its schema.
		if n.draft <= draft7 && n.get("$ref") != nil && k.names[0] != "$ref" {
			continue
		}
		i := slices.IndexFunc(k.names, func(name string) bool { return n.get(name) != nil })
		if i < 0 {
			continue
		}
		c.at = site{n, k.names[i]}
		more, err := k.read(c, n)
		if err == errLoop {
			return nil, n.invalid(k.names[i], "leads back to the same schema without a value in between")
		}
		if err != nil {
			return nil, err
		}
		if more == nil {
			continue
		}
		c.at = site{n, k.names[i]}
		if s, err = c.meet(s, more); err != nil {
			return nil, err
		}
		if err := c.tooLarge(); err != nil {
			return nil, err
		}
	}
	return c.readUnevaluated(n, s)
}

func article(k jsonvalue.Kind) string {
	if k == jsonvalue.Array || k == jsonvalue.Object {
		return "an"
	}
	return "a"
}

// readType reads type, and nullable, which OpenAPI 3.0 has beside it.
func (c *compiler) readType(n *node) (*set, error) {
	v := n.get("type")
	if v == nil {
		return nil, nil
	}
	list := []*jsonvalue.Value{v}
	if v.Kind == jsonvalue.Array {
		list = v.Items
	}
	s, all := c.nothing(), c.everything()
	for _, t := range list {
		if t.Kind != jsonvalue.String {
			return nil, n.invalid("type", "must be a name or a list of names")
		}
		switch t.Str {
		case "null":
			s.null = true
		case "boolean":
			s.yes, s.no = true, true
		case "integer":
			if s.num != c.anyNumber {
				s.num = c.integer
			}
		case "number":
			s.num = c.anyNumber
		case "string":
			s.str = c.anyString
		case "array":
			s.arr = all.arr
		case "object":
			s.obj = all.obj
		default:
			return nil, n.invalid("type", "is %s: it must be null, boolean, integer, number, string, array or object", quoted(t.Str))
		}
	}
	if v := n.get("nullable"); v != nil && v.Kind == jsonvalue.Bool && v.Bool {
		s.null = true
	}
	return s, nil
}

func (c *compiler) readEnum(n *node) (*set, error) {
	v := n.get("enum")
	if v.Kind != jsonvalue.Array {
		return nil, n.invalid("enum", "must be a list of values")
	}
	return c.anyValue(v.Items)
}

func (c *compiler) readConst(n *node) (*set, error) { return c.expandValue(n.get("const")) }

// anyValue returns the values equal to one of some. Strings and numbers are gathered, as
// there may be thousands.
func (c *compiler) anyValue(values []*jsonvalue.Value) (*set, error) {
	s := c.nothing()
	var numbers, texts []rules.Expr
	for _, v := range values {
		if v.Kind == jsonvalue.String {
			texts = append(texts, c.name(v.Str))
			continue
		}
		one, err := c.expandValue(v)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, one.num)
		s.null, s.yes, s.no = s.null || one.null, s.yes || one.yes, s.no || one.no
		s.arr, s.obj = append(s.arr, one.arr...), append(s.obj, one.obj...)
	}
	s.num, s.str = c.b.Or(numbers...), c.b.Or(texts...)
	return s, c.bound(s)
}

// readAncient refuses what the third draft had: a validator of today ignores it.
func (c *compiler) readAncient(n *node) (*set, error) {
	return nil, n.unsupported(c.at.keyword, "is of a draft before the fourth: write it as the later drafts do")
}

// count reads a keyword that is a number of things; def where it is not given.
func (n *node) count(keyword string, def int) (int, error) {
	v := n.get(keyword)
	if v == nil {
		return def, nil
	}
	const most = 1 << 30
	if v.Kind == jsonvalue.Number {
		if k, ok := v.Num.Int(most); ok {
			return k, nil
		}
	}
	return 0, n.invalid(keyword, "must be a whole number from 0 on")
}

// schemaOf is the formula of a keyword whose value is a schema.
func (c *compiler) schemaOf(n *node, keyword string) (formula, error) {
	return c.schemaAt(n, n.get(keyword), keyword)
}

// schemaAt is the formula of a schema v, which lies in n under a keyword.
func (c *compiler) schemaAt(n *node, v *jsonvalue.Value, keyword string) (formula, error) {
	known := c.doc.nodes[v]
	if known == nil || !isSchema(v) {
		return never, n.invalid(keyword, "must be a schema, which is an object or a boolean")
	}
	return c.schema(known), nil
}

// insideOf and insideAt are schemaOf and schemaAt for the schema of a value that lies in
// another one. Of such there may be many that refer to one: they have its formula.
func (c *compiler) insideOf(n *node, keyword string) (formula, error) {
	return c.insideAt(n, n.get(keyword), keyword)
}

func (c *compiler) insideAt(n *node, v *jsonvalue.Value, keyword string) (formula, error) {
	f, err := c.schemaAt(n, v, keyword)
	if err == nil && c.terms[f].op == opSchema {
		f = c.shared(c.doc.nodes[v], f)
	}
	return f, err
}

// mostFollowed bounds the references that are followed one behind the other.
const mostFollowed = 16

// shared is the formula of a schema whose own is f: of one that is nothing but a reference it
// is that of the schema that it leads to. A reference that leads nowhere, or in a circle, is
// left to whoever needs its values.
func (c *compiler) shared(n *node, f formula) formula {
	for range mostFollowed {
		if !n.refersOnly() {
			return c.schema(n)
		}
		next, err := c.doc.resolve(n, "$ref")
		if err != nil {
			return f
		}
		n = next
	}
	return f
}

// refersOnly reports whether $ref is all that a schema says of values.
func (n *node) refersOnly() bool {
	if n.value.Kind != jsonvalue.Object || n.get("$ref") == nil {
		return false
	}
	for _, m := range n.value.Members {
		if m.Key != "$ref" && n.draft > draft7 && isAssertion(m.Key) {
			return false
		}
	}
	return true
}
