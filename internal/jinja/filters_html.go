package jinja

import (
	"html"
	"net/url"
	"strings"
)

// filterStripTags removes comments and tags, joins white space and reads
// entities. The order is that of markupsafe's striptags: comments first, so
// that a tag inside of one is not found, then tags, then white space, and
// entities last, so that &lt;b&gt; comes out as text and is not taken for a
// tag.
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
	for _, mark := range [][2]string{{"<!--", "-->"}, {"<", ">"}} {
		if s, err = in.cutMarks(s, mark[0], mark[1]); err != nil {
			return nil, err
		}
	}
	// Any run of white space becomes one space, and none stays at the ends.
	words, err := in.splitSpace(s, -1)
	if err != nil {
		return nil, err
	}
	list, _ := words.(*List)
	if s, err = in.join(list.Items, " "); err != nil {
		return nil, err
	}
	return in.unescapeHTML(s)
}

// cutMarks removes what stands between an opening and a closing mark. An
// opening mark without a closing one stays, with what stands behind it. A text
// without marks is returned as it is.
//
// Each search is paid for by how far it looks, and each round for one step, so that
// a text of nothing but marks costs its length.
func (in *interp) cutMarks(s, open, end string) (string, error) {
	b := builder{in: in}
	for {
		start, err := in.index(s, open, false)
		if err != nil {
			return "", err
		}
		n := -1
		if start >= 0 {
			n, err = in.index(s[start:], end, false)
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
		s = s[start+n+len(end):]
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

// escapeHTML does not know what is escaped already: there is no type for it.
func escapeHTML(s string) string { return htmlEscapes.Replace(s) }

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
