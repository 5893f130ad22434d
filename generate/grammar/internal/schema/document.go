package schema

import (
	"bytes"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/generate/grammar/internal/jsonvalue"
)

// Bounds of a schema's text. Real ones of large interfaces take a few megabytes.
const (
	maxBytes = 4 << 20
	maxDepth = 500
)

// draft is the part of a draft of JSON schema that changes what a keyword means.
type draft uint8

const (
	draft4  draft = 4
	draft7  draft = 7 // and 6, which differs in nothing that is read here
	draft19 draft = 19
	draft20 draft = 20
)

// node is one schema: an object or a boolean somewhere in the document.
type node struct {
	value *jsonvalue.Value
	above *node    // the schema that it lies in, nil for the root
	path  []string // its place there
	base  *url.URL // what references are relative to; its resource is named by it
	draft draft
}

// pointer is the JSON pointer of the schema. It is made when an error needs it: those
// of all schemas together can be much longer than the text.
func (n *node) pointer() string {
	if n.above == nil {
		return ""
	}
	text := n.above.pointer()
	for _, step := range n.path {
		text += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(step)
	}
	return text
}

// get returns the value of a keyword, nil for none.
func (n *node) get(keyword string) *jsonvalue.Value { return n.value.Get(keyword) }

// document is a schema with what its references can point to.
type document struct {
	root      *node
	nodes     map[*jsonvalue.Value]*node
	resources map[string]*node   // by address, without a fragment
	anchors   map[string]*node   // by address with the anchor as its fragment
	dynamic   map[string][]*node // the dynamic anchors of a name
	tracked   bool               // some keyword asks what others have evaluated
}

// parse reads a schema.
func parse(text []byte) (*document, error) {
	if len(text) > maxBytes {
		return nil, &Error{Reason: "has more than " + strconv.Itoa(maxBytes) + " bytes", Unsupported: true}
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // editors of Windows put it there
	v, err := jsonvalue.Parse(text, maxDepth, jsonvalue.Refuse)
	if err != nil {
		return nil, &Error{Reason: "cannot be read: " + err.Error()}
	}
	d := &document{
		nodes:     map[*jsonvalue.Value]*node{},
		resources: map[string]*node{},
		anchors:   map[string]*node{},
		dynamic:   map[string][]*node{},
	}
	d.root = &node{value: v, base: &url.URL{}, draft: draft20}
	d.resources[""] = d.root
	return d, d.enter(d.root)
}

// schemaKeywords are the keywords whose value is a schema, listKeywords those with a
// list of them and mapKeywords those with schemas by name.
var (
	schemaKeywords = []string{
		"additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not",
		"propertyNames", "then", "unevaluatedItems", "unevaluatedProperties",
	}
	listKeywords = []string{"allOf", "anyOf", "items", "oneOf", "prefixItems"}
	mapKeywords  = []string{"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"}
)

// enter notes a schema and all that lie in it.
func (d *document) enter(n *node) error {
	if n.value.Kind != jsonvalue.Object {
		d.nodes[n.value] = n
		return nil
	}
	if s := n.get("$schema"); s != nil && s.Kind == jsonvalue.String {
		n.draft = draftOf(s.Str)
	}
	if err := d.identify(n); err != nil {
		return err
	}
	d.nodes[n.value] = n
	for _, keyword := range schemaKeywords {
		if v := n.get(keyword); isSchema(v) {
			if err := d.enter(n.below(v, keyword)); err != nil {
				return err
			}
		}
	}
	for _, keyword := range listKeywords {
		if v := n.get(keyword); v != nil && v.Kind == jsonvalue.Array {
			for i, item := range v.Items {
				if err := d.enter(n.below(item, keyword, strconv.Itoa(i))); err != nil {
					return err
				}
			}
		}
	}
	for _, keyword := range mapKeywords {
		if v := n.get(keyword); v != nil {
			for _, m := range v.Members {
				if err := d.enter(n.below(m.Value, keyword, m.Key)); err != nil {
					return err
				}
			}
		}
	}
	d.tracked = d.tracked || n.get("unevaluatedItems") != nil || n.get("unevaluatedProperties") != nil
	return nil
}

// draftOf is the draft that an address of $schema names.
func draftOf(address string) draft {
	switch {
	case strings.Contains(address, "draft-04"):
		return draft4
	case strings.Contains(address, "draft-06"), strings.Contains(address, "draft-07"):
		return draft7
	case strings.Contains(address, "2019-09"):
		return draft19
	}
	return draft20
}

// isSchema reports whether a value can be a schema.
func isSchema(v *jsonvalue.Value) bool {
	return v != nil && (v.Kind == jsonvalue.Object || v.Kind == jsonvalue.Bool)
}

// below is the schema v that lies in n at path.
func (n *node) below(v *jsonvalue.Value, path ...string) *node {
	return &node{value: v, above: n, path: slices.Clone(path), base: n.base, draft: n.draft}
}

// identify notes the names that a schema gives itself.
func (d *document) identify(n *node) error {
	text := func(keyword string) string {
		if v := n.get(keyword); v != nil && v.Kind == jsonvalue.String {
			return v.Str
		}
		return ""
	}
	key := "$id"
	if n.draft == draft4 {
		key = "id"
	}
	ignored := n.draft <= draft7 && n.get("$ref") != nil
	switch id := text(key); {
	case id == "" || ignored:
	case strings.HasPrefix(id, "#"): // what an anchor was before it had a keyword
		d.anchors[addressOf(n.base)+id] = n
	default:
		u, err := url.Parse(id)
		if err != nil {
			return n.invalid(key, "is no address")
		}
		n.base = n.base.ResolveReference(u)
		n.base.Fragment = ""
		d.resources[addressOf(n.base)] = n
	}
	for _, keyword := range []string{"$anchor", "$dynamicAnchor"} {
		if anchor := text(keyword); anchor != "" {
			d.anchors[addressOf(n.base)+"#"+anchor] = n
		}
	}
	if anchor := text("$dynamicAnchor"); anchor != "" {
		d.dynamic[anchor] = append(d.dynamic[anchor], n)
	}
	return nil
}

// addressOf is the address of a resource without a fragment.
func addressOf(u *url.URL) string {
	bare := *u
	bare.Fragment, bare.RawFragment = "", ""
	return bare.String()
}

// resolve returns the schema that a reference in n points to.
func (d *document) resolve(n *node, keyword string) (*node, error) {
	v := n.get(keyword)
	if v.Kind != jsonvalue.String {
		return nil, n.invalid(keyword, "must be a string")
	}
	u, err := url.Parse(v.Str)
	if err != nil {
		return nil, n.invalid(keyword, "is no address")
	}
	target := n.base.ResolveReference(u)
	address, fragment := addressOf(target), target.Fragment
	root := d.resources[address]
	if root == nil {
		return nil, n.unsupported(keyword, "points to %s, which the schema does not hold: copy it into $defs with its $id", quoted(address))
	}
	if fragment != "" && fragment[0] != '/' {
		if found := d.anchors[address+"#"+fragment]; found != nil {
			return found, nil
		}
		return nil, n.invalid(keyword, "points to the anchor %s, which is not there", quoted(fragment))
	}
	found, err := d.follow(root, fragment)
	if err != nil {
		return nil, n.invalid(keyword, "points to %s, %s", quoted(v.Str), err)
	}
	return found, nil
}

var errNoTarget = errors.New("where no schema is")

// follow walks a JSON pointer from the root of a resource. A schema on the way, which
// can have an address of its own, is what the rest of the way is relative to.
func (d *document) follow(n *node, pointer string) (*node, error) {
	v := n.value
	path := []string{}
	for pointer != "" {
		step, rest, more := strings.Cut(pointer[1:], "/")
		pointer = ""
		if more {
			pointer = "/" + rest
		}
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		if v = child(v, step); v == nil {
			return nil, errNoTarget
		}
		path = append(path, step)
		if known := d.nodes[v]; known != nil {
			n, path = known, path[:0]
		}
	}
	if !isSchema(v) {
		return nil, errNoTarget
	}
	if len(path) > 0 {
		// It lies under a keyword that JSON schema does not know.
		n = n.below(v, path...)
		if err := d.enter(n); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// child is the member or the item of a value that a step of a pointer names.
func child(v *jsonvalue.Value, step string) *jsonvalue.Value {
	if v.Kind != jsonvalue.Array {
		return v.Get(step)
	}
	if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(v.Items) {
		return v.Items[i]
	}
	return nil
}
