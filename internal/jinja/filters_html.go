package jinja

import (
	"html"
	"net/url"
	"strings"
)

// filterStripTags removes comments and tags, joins white space and reads entities.
//
// In jinja2 this is Markup.striptags of markupsafe, which do_striptags calls.
func filterStripTags(in *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("filter", 0); err != nil {
		return nil, err
	}
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	return in.stripTags(s)
}

// cutTags removes comments and tags. One that is not closed stays, with what stands
// behind it. A text without any is returned as it is.
//
// Each search is paid for by how far it looks, and each round for one step, so that
// a text of nothing but marks costs its length.
func (in *interp) cutTags(s string) (string, error) {
	b := builder{in: in}
	for {
		start, err := in.index(s, "<", false)
		if err != nil {
			return "", err
		}
		n, end := -1, ">"
		if start >= 0 {
			from := start
			if strings.HasPrefix(s[start:], "<!--") {
				from, end = start+len("<!--"), "-->"
			}
			if n, err = in.index(s[from:], end, false); n >= 0 {
				n += from + len(end)
			}
		}
		if err == nil {
			err = in.spend(1)
		}
		if err != nil {
			return "", err
		}
		if n < 0 {
			// Nothing was cut: no copy.
			if b.pieces == 0 {
				return s, nil
			}
			if err := b.write(s); err != nil {
				return "", err
			}
			return b.text()
		}
		if err := b.write(s[:start]); err != nil {
			return "", err
		}
		s = s[n:]
	}
}

// unescapeHTML reads entities a piece at a time. A piece ends at white space or
// before an ampersand, because no entity goes over either. Package html knows
// the same names as Python's html module, both from the HTML standard.
func (in *interp) unescapeHTML(s string) (string, error) {
	b := builder{in: in}
	for s != "" {
		n := pieceLen(s, slowPiece)
		if n < len(s) {
			if i := strings.LastIndexAny(s[:n], " &"); i > 0 {
				n = i
			}
		}
		if err := in.spend(n >> runeShift); err != nil {
			return "", err
		}
		if err := b.write(html.UnescapeString(s[:n])); err != nil {
			return "", err
		}
		s = s[n:]
	}
	return b.text()
}

// htmlEscapes are markupsafe's forms; html.EscapeString writes the quotes
// otherwise.
var htmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&#39;", `"`, "&#34;")

// escapeHTML escapes a text whatever is escaped in it already.
func escapeHTML(s string) string { return htmlEscapes.Replace(s) }

// filterSafe marks a value's text as safe.
func filterSafe(in *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("safe", 0); err != nil {
		return nil, err
	}
	s, err := in.str(v)
	return markup(s), err
}

// filterEscape escapes what is not marked, and marks it.
func filterEscape(in *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("escape", 0); err != nil {
		return nil, err
	}
	return in.escape(v)
}

// filterForceEscape escapes what is marked too.
func filterForceEscape(in *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("forceescape", 0); err != nil {
		return nil, err
	}
	return in.escape(plainValue(v))
}

// filterAttributes writes a mapping as the attributes of an element. Values of none and
// undefined ones are left out; a name that would end the attribute is refused.
//
// In jinja2 this is do_xmlattr.
func filterAttributes(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("xmlattr", 0, "autospace")
	if err != nil {
		return nil, err
	}
	d, ok := v.(*Dict)
	if u, missing := v.(*undefined); missing {
		return nil, u.err()
	}
	if !ok {
		return nil, fail("AttributeError", "'%s' object has no attribute 'items'", typeName(v))
	}
	out := builder{in: in}
	space := b.truth(0, true)
	for i, key := range d.keys {
		if err := in.spend(1); err != nil {
			return nil, err
		}
		_, missing := d.vals[i].(*undefined)
		if d.vals[i] == nil || missing {
			continue
		}
		if err := in.writeAttribute(&out, key, d.vals[i], space); err != nil {
			return nil, err
		}
		space = true
	}
	text, err := out.text()
	return in.captured(text), err
}

// writeAttribute writes one attribute, behind a space if it is asked for.
func (in *interp) writeAttribute(out *builder, key, value Value, space bool) error {
	id, ok := textOf(key)
	if !ok {
		return fail(TypeError, "expected string or bytes-like object, got '%s'", typeName(key))
	}
	fits, err := in.all(id, func(r rune) bool { return !strings.ContainsRune(" \t\n\r\f\v/>=", r) })
	if err != nil {
		return err
	}
	if !fits {
		shown, err := in.repr(key)
		if err != nil {
			return err
		}
		return fail(ValueError, "Invalid character in attribute name: %s", shown)
	}
	before := ""
	if space {
		before = " "
	}
	name, err := in.escape(key)
	if err != nil {
		return err
	}
	text, err := in.escape(value)
	if err != nil {
		return err
	}
	for _, part := range []string{before, string(name), `="`, string(text), `"`} {
		if err := out.write(part); err != nil {
			return err
		}
	}
	return nil
}

// escapeURL is quote of urllib.parse, which keeps the slash and writes a space
// as %20; Go's form for queries does neither.
func escapeURL(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(s), "+", "%20"), "%2F", "/")
}

// filterURL quotes a text, or the pairs of a mapping or of anything else that can be
// gone over: they are joined as a query, in which a space is a plus and a slash is
// quoted too.
//
// In jinja2 this is do_urlencode of filters.py, of which utils.url_quote is
// the part for text.
func filterURL(in *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("urlencode", 0); err != nil {
		return nil, err
	}
	if isText(v) || !isIterable(v) {
		return in.quoteURL(v, escapeURL)
	}
	var items []Value
	var err error
	if d, ok := v.(*Dict); ok {
		items, err = in.viewItems(&view{"items", d})
	} else {
		items, err = in.iterate(v)
	}
	if err != nil {
		return nil, err
	}
	b := builder{in: in}
	for i, item := range items {
		if err := in.writeQueryPair(&b, item, i > 0); err != nil {
			return nil, err
		}
	}
	return b.text()
}

// writeQueryPair writes a pair of a query, with an ampersand before all but the
// first.
func (in *interp) writeQueryPair(b *builder, item Value, more bool) error {
	pair, err := in.unpackPair(item)
	if err != nil {
		return err
	}
	for i, v := range pair {
		text, err := in.quoteURL(v, url.QueryEscape)
		if err != nil {
			return err
		}
		if i == 1 {
			text = "=" + text
		} else if more {
			text = "&" + text
		}
		if err := b.write(text); err != nil {
			return err
		}
	}
	return nil
}

// unpackPair is Python's k, v = item.
func (in *interp) unpackPair(item Value) ([]Value, error) {
	if err := in.spend(1); err != nil {
		return nil, err
	}
	if _, ok := item.(*undefined); !ok && !isIterable(item) {
		return nil, fail(TypeError, "cannot unpack non-iterable %s object", typeName(item))
	}
	pair, err := in.iterate(item)
	switch {
	case err != nil:
		return nil, err
	case len(pair) < 2:
		return nil, fail(ValueError, "not enough values to unpack (expected 2, got %d)", len(pair))
	case len(pair) > 2:
		return nil, fail(ValueError, "too many values to unpack (expected 2)")
	}
	return pair, nil
}

// quoteURL writes any value as text and quotes it.
func (in *interp) quoteURL(v Value, quote func(string) string) (string, error) {
	s, err := in.str(v)
	if err != nil {
		return "", err
	}
	return in.mapText(s, quote)
}
