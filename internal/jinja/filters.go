package jinja

import (
	"html"
	"math"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

func init() {
	filters = metered(map[string]filterFunc{
		"tojson": filterJSON, "trim": filterTrim, "default": filterDefault, "d": filterDefault,
		"length": filterLength, "count": filterLength, "string": filterString, "safe": filterString,
		"indent": filterIndent, "int": filterInt, "float": filterFloat, "round": filterRound, "abs": filterAbs,
		"upper": textFilter(plain(upper)), "lower": textFilter(plain(lower)),
		"title": textFilter(title), "capitalize": textFilter(capitalize),
		"replace": filterReplace, "format": filterFormat, "wordcount": filterWordCount,
		"escape": textFilter(plain(escapeHTML)), "e": textFilter(plain(escapeHTML)), "forceescape": textFilter(plain(escapeHTML)),
		"striptags": filterStripTags, "urlencode": filterURL, "center": filterCenter, "truncate": filterTruncate,
		"join": filterJoin, "list": filterList, "first": filterFirst, "last": filterLast, "items": filterItems,
		"reverse": filterReverse, "sort": filterSort, "dictsort": filterDictSort, "unique": filterUnique,
		"min": filterExtreme(-1), "max": filterExtreme(1), "sum": filterSum, "map": filterMap,
		"select": filterSelect(true, false), "reject": filterSelect(false, false),
		"selectattr": filterSelect(true, true), "rejectattr": filterSelect(false, true),
		"batch": filterBatch, "slice": filterSlice, "groupby": filterGroupBy, "attr": filterAttr,
	}, ownFilters...)
}

// ownFilters pay for what they touch themselves: they look at a part of the
// value, or keep it for later.
var ownFilters = []string{
	"default", "d", "length", "count", "string", "safe", "trim", "first", "last", "attr", "map",
	"select", "reject", "selectattr", "rejectattr",
}

// textFilter makes a filter of a mapping of pieces; start begins a text.
func textFilter(start func() func(string) string) filterFunc {
	return func(in *interp, v Value, a *args) (Value, error) {
		if _, err := a.bind("filter", 0); err != nil {
			return nil, err
		}
		s, err := in.str(v)
		if err != nil {
			return nil, err
		}
		return in.mapText(s, start())
	}
}

// filterStripTags removes comments and tags, joins white space and reads
// entities.
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

// cutMarks removes what stands between an opening and a closing mark.
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
// before an ampersand, because no entity goes over either.
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

func filterJSON(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys")
	if err != nil {
		return nil, err
	}
	st := &jsonStyle{ascii: b.truth(0, false), sortKeys: b.truth(3, false), item: ", ", key: ": "}
	if b.isSet[1] && b.vals[1] != nil {
		st.multiline, st.item = true, ","
		if text, ok := b.vals[1].(string); ok {
			st.indent = text
		} else {
			n, err := b.int(1, 0)
			if err != nil {
				return nil, err
			}
			st.indent = strings.Repeat(" ", int(min(max(n, 0), 64)))
		}
	}
	if b.isSet[2] && b.vals[2] != nil {
		pair, ok := b.vals[2].(*List)
		if !ok || len(pair.Items) != 2 || !isText(pair.Items[0]) || !isText(pair.Items[1]) {
			return nil, fail(TypeError, "separators must be two strings")
		}
		st.item, _ = pair.Items[0].(string)
		st.key, _ = pair.Items[1].(string)
	}
	out := builder{in: in}
	if err := in.appendJSON(&out, v, st, 0); err != nil {
		return nil, err
	}
	return out.text()
}

func filterTrim(in *interp, v Value, a *args) (Value, error) {
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	return textMethods["strip"](in, s, a)
}

func filterDefault(_ *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("default", 0, "default_value", "boolean")
	if err != nil {
		return nil, err
	}
	if _, ok := v.(*undefined); ok || b.truth(1, false) && !truth(v) {
		if !b.isSet[0] {
			return "", nil
		}
		return b.vals[0], nil
	}
	return v, nil
}

func filterLength(in *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("length", 0); err != nil {
		return nil, err
	}
	n, err := in.length(v)
	return int64(n), err
}

func filterString(in *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("string", 0); err != nil {
		return nil, err
	}
	return in.str(v)
}

func filterIndent(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("indent", 0, "width", "first", "blank")
	if err != nil {
		return nil, err
	}
	s, ok := v.(string)
	if !ok {
		if u, ok := v.(*undefined); ok {
			return nil, u.err()
		}
		return nil, fail(TypeError, "unsupported operand type(s) for +=: '%s' and 'str'", typeName(v))
	}
	pad, ok := b.vals[0].(string)
	if !ok {
		n, err := b.int(0, 4)
		if err != nil {
			return nil, err
		}
		if pad, err = in.padding(" ", n); err != nil {
			return nil, err
		}
	}
	if s, err = in.concat(s, "\n"); err != nil {
		return nil, err
	}
	out := builder{in: in}
	first := true
	err = in.lines(s, false, func(line string) error {
		padded := b.truth(1, false)
		if !first {
			padded = line != "" || b.truth(2, false)
			if err := out.write("\n"); err != nil {
				return err
			}
		}
		first = false
		if padded {
			if err := out.write(pad); err != nil {
				return err
			}
		}
		return out.write(line)
	})
	if err != nil {
		return nil, err
	}
	return out.text()
}

// numberText returns a text without the white space around it, and false if it
// is too long for a number.
func (in *interp) numberText(s string) (string, bool, error) {
	s, err := in.trim(s, isSpace)
	if err != nil || len(s) > maxNumber {
		return "", false, err
	}
	return s, true, in.spend(len(s) >> runeShift)
}

func filterInt(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("int", 0, "default", "base")
	if err != nil {
		return nil, err
	}
	var otherwise Value = int64(0)
	if b.isSet[0] {
		otherwise = b.vals[0]
	}
	base, err := b.int(1, 10)
	if err != nil {
		return nil, err
	}
	switch x := v.(type) {
	case *big.Int:
		return x, nil
	case string:
		x, ok, err := in.numberText(x)
		if err != nil || !ok {
			return otherwise, err
		}
		text := strings.ToLower(strings.ReplaceAll(x, "_", ""))
		for prefix, of := range map[string]int64{"0x": 16, "0o": 8, "0b": 2} {
			if of == base {
				text = strings.TrimPrefix(text, prefix)
			}
		}
		if base == 0 || base >= 2 && base <= 36 {
			if i, err := strconv.ParseInt(text, int(base), 64); err == nil {
				return i, nil
			}
		}
		if f, ok := parseFloat(x); ok {
			v = f
		}
	}
	if i, ok := toInt(v); ok {
		return i, nil
	}
	if f, ok := v.(float64); ok && math.Abs(f) < 1<<63 {
		return int64(f), nil
	}
	return otherwise, nil
}

func filterFloat(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("float", 0, "default")
	if err != nil {
		return nil, err
	}
	if s, ok := v.(string); ok {
		s, ok, err := in.numberText(s)
		if err != nil {
			return nil, err
		}
		if f, isNumber := parseFloat(s); ok && isNumber {
			return f, nil
		}
	}
	if f, ok := toFloat(v); ok {
		return f, nil
	}
	if b.isSet[0] {
		return b.vals[0], nil
	}
	return 0.0, nil
}

func filterRound(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("round", 0, "precision", "method")
	if err != nil {
		return nil, err
	}
	precision, err := b.int(0, 0)
	if err != nil {
		return nil, err
	}
	way, err := b.text(1, "common")
	if err != nil {
		return nil, err
	}
	f, ok := toFloat(v)
	if !ok {
		return nil, fail(TypeError, "type %s doesn't define __round__ method", typeName(v))
	}
	scale := math.Pow(10, float64(precision))
	switch way {
	case "ceil":
		return math.Ceil(f*scale) / scale, nil
	case "floor":
		return math.Floor(f*scale) / scale, nil
	case "common":
		if i, ok := toInt(v); ok && precision >= 0 {
			return i, nil
		}
		if precision < 0 || precision > 300 {
			return math.RoundToEven(f*scale) / scale, nil
		}
		// Many digits take the slow way of strconv.
		if err := in.spend(4 + int(precision)); err != nil {
			return nil, err
		}
		return strconv.ParseFloat(strconv.FormatFloat(f, 'f', int(precision), 64), 64)
	}
	return nil, fail("FilterArgumentError", "method must be common, ceil or floor")
}

func filterAbs(_ *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("abs", 0); err != nil {
		return nil, err
	}
	f, ok := toFloat(v)
	if !ok {
		return nil, fail(TypeError, "bad operand type for abs(): '%s'", typeName(v))
	}
	if f < 0 {
		return negate("-", v)
	}
	return negate("+", v)
}

func filterReplace(in *interp, v Value, a *args) (Value, error) {
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	b, err := a.bind("replace", 2, "old", "new", "count")
	if err != nil {
		return nil, err
	}
	from, err := in.str(b.vals[0])
	if err != nil {
		return nil, err
	}
	to, err := in.str(b.vals[1])
	if err != nil {
		return nil, err
	}
	count := int64(-1)
	if b.isSet[2] && b.vals[2] != nil {
		if count, err = b.int(2, -1); err != nil {
			return nil, err
		}
	}
	return in.replace(s, from, to, count)
}

func filterFormat(in *interp, v Value, a *args) (Value, error) {
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	if len(a.named) > 0 {
		d := NewDict()
		for i, n := range a.names {
			d.Set(n, a.named[i])
		}
		return in.percent(s, d)
	}
	return in.percent(s, newTuple(a.pos...))
}

func filterWordCount(in *interp, v Value, _ *args) (Value, error) {
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	words := int64(0)
	inside := false
	err = in.pieces(s, func(piece string) bool {
		for _, r := range piece {
			was := inside
			inside = r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r)
			if inside && !was {
				words++
			}
		}
		return true
	})
	return words, err
}

var htmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&#39;", `"`, "&#34;")

func escapeHTML(s string) string { return htmlEscapes.Replace(s) }

func escapeURL(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(s), "+", "%20"), "%2F", "/")
}

func filterURL(in *interp, v Value, _ *args) (Value, error) {
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	return in.mapText(s, escapeURL)
}

func filterCenter(in *interp, v Value, a *args) (Value, error) {
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	b, err := a.bind("center", 0, "width")
	if err != nil {
		return nil, err
	}
	width, err := b.int(0, 80)
	if err != nil {
		return nil, err
	}
	return textMethods["center"](in, s, &args{pos: []Value{width}})
}

func filterTruncate(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("truncate", 0, "length", "killwords", "end", "leeway")
	if err != nil {
		return nil, err
	}
	switch v.(type) {
	case nil, bool, int64, float64, *big.Int:
		return nil, fail(TypeError, "object of type '%s' has no len()", typeName(v))
	}
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	limit, err := b.int(0, 255)
	if err != nil {
		return nil, err
	}
	end, err := b.text(2, "...")
	if err != nil {
		return nil, err
	}
	leeway, err := b.int(3, 5)
	if err != nil {
		return nil, err
	}
	endLen, err := in.runeCount(end)
	if err != nil {
		return nil, err
	}
	// The reference asserts both, so the kinds of its errors are those of assert.
	if limit < int64(endLen) {
		return nil, fail("AssertionError", "expected length >= %d, got %d", endLen, limit)
	}
	if leeway < 0 {
		return nil, fail("AssertionError", "expected leeway >= 0, got %d", leeway)
	}
	return in.truncate(s, limit, leeway, end, limit-int64(endLen), b.truth(1, false))
}

// truncate keeps a number of characters of s and puts end behind them, unless s
// has only leeway more than limit. Without hard it cuts before the word.
func (in *interp) truncate(s string, limit, leeway int64, end string, keep int64, hard bool) (Value, error) {
	if limit+leeway >= int64(len(s)) || limit+leeway < 0 {
		return s, nil
	}
	if _, missing, err := in.offset(s, limit+leeway+1); err != nil || missing > 0 {
		return s, err
	}
	n, _, err := in.offset(s, keep)
	if err != nil {
		return nil, err
	}
	cut := s[:n]
	if !hard {
		i, err := in.index(cut, " ", true)
		if err != nil {
			return nil, err
		}
		if i >= 0 {
			cut = cut[:i]
		}
	}
	return in.concat(cut, end)
}
