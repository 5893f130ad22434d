package jinja

import (
	"html"
	"math"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

type filterFunc = func(in *interp, v Value, a *args) (Value, error)

// filters are the filters by name. The map is filled by init, because some of
// its functions look filters up.
var filters map[string]filterFunc

func init() {
	filters = map[string]filterFunc{
		"tojson": filterJSON, "trim": filterTrim, "default": filterDefault, "d": filterDefault,
		"length": filterLength, "count": filterLength, "string": filterString, "safe": filterString,
		"indent": filterIndent, "int": filterInt, "float": filterFloat, "round": filterRound, "abs": filterAbs,
		"upper": textFilter(upper), "lower": textFilter(lower),
		"title": textFilter(title), "capitalize": textFilter(capitalize),
		"replace": filterReplace, "format": filterFormat, "wordcount": filterWordCount,
		"escape": textFilter(escapeHTML), "e": textFilter(escapeHTML), "forceescape": textFilter(escapeHTML),
		"striptags": textFilter(stripTags), "urlencode": filterURL, "center": filterCenter, "truncate": filterTruncate,
		"join": filterJoin, "list": filterList, "first": filterFirst, "last": filterLast, "items": filterItems,
		"reverse": filterReverse, "sort": filterSort, "dictsort": filterDictSort, "unique": filterUnique,
		"min": filterExtreme(-1), "max": filterExtreme(1), "sum": filterSum, "map": filterMap,
		"select": filterSelect(true, false), "reject": filterSelect(false, false),
		"selectattr": filterSelect(true, true), "rejectattr": filterSelect(false, true),
		"batch": filterBatch, "slice": filterSlice, "groupby": filterGroupBy, "attr": filterAttr,
	}
}

// filter applies a filter by name.
func (in *interp) filter(id string, v Value, a *args) (Value, error) {
	f, ok := filters[id]
	if !ok {
		return nil, fail("TemplateAssertionError", "No filter named '%s'.", id)
	}
	if err := in.spend(1); err != nil {
		return nil, err
	}
	return f(in, v, a)
}

// textFilter makes a filter of a function on text.
func textFilter(f func(string) string) filterFunc {
	return func(in *interp, v Value, a *args) (Value, error) {
		if _, err := a.bind("filter", 0); err != nil {
			return nil, err
		}
		s, err := in.str(v)
		if err != nil {
			return nil, err
		}
		if err := in.charge(6 * len(s)); err != nil {
			return nil, err
		}
		return f(s), nil
	}
}

// stripTags removes comments and tags, joins white space and reads entities.
func stripTags(s string) string {
	for _, mark := range [][2]string{{"<!--", "-->"}, {"<", ">"}} {
		var b strings.Builder
		for {
			start := strings.Index(s, mark[0])
			if start < 0 {
				break
			}
			end := strings.Index(s[start:], mark[1])
			if end < 0 {
				break
			}
			b.WriteString(s[:start])
			s = s[start+end+len(mark[1]):]
		}
		s = b.String() + s
	}
	return html.UnescapeString(strings.Join(strings.FieldsFunc(s, isSpace), " "))
}

func filterJSON(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys")
	if err != nil {
		return nil, err
	}
	st := &jsonStyle{ascii: b.truth(0, false), sortKeys: b.truth(3, false), item: ", ", key: ": "}
	if b.given[1] && b.vals[1] != nil {
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
	if b.given[2] && b.vals[2] != nil {
		pair, ok := b.vals[2].(*List)
		if !ok || len(pair.Items) != 2 || !isText(pair.Items[0]) || !isText(pair.Items[1]) {
			return nil, fail(TypeError, "separators must be two strings")
		}
		st.item, _ = pair.Items[0].(string)
		st.key, _ = pair.Items[1].(string)
	}
	var out strings.Builder
	if err := in.appendJSON(&out, v, st, 0); err != nil {
		return nil, err
	}
	return out.String(), nil
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
		if !b.given[0] {
			return "", nil
		}
		return b.vals[0], nil
	}
	return v, nil
}

func filterLength(_ *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("length", 0); err != nil {
		return nil, err
	}
	n, err := length(v)
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
	lines := splitLines(s+"\n", false)
	if err := in.charge(2*len(s) + len(pad)*len(lines)); err != nil {
		return nil, err
	}
	var out strings.Builder
	for i, line := range lines {
		if i > 0 {
			out.WriteByte('\n')
		}
		if i == 0 && b.truth(1, false) || i > 0 && (line != "" || b.truth(2, false)) {
			out.WriteString(pad)
		}
		out.WriteString(line)
	}
	return out.String(), nil
}

func filterInt(_ *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("int", 0, "default", "base")
	if err != nil {
		return nil, err
	}
	var otherwise Value = int64(0)
	if b.given[0] {
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
		text := strings.ToLower(strings.ReplaceAll(strings.TrimFunc(x, isSpace), "_", ""))
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

// parseFloat is Python's float() of a string.
func parseFloat(s string) (float64, bool) {
	s = strings.TrimFunc(s, isSpace)
	if strings.ContainsAny(s, "xXpP") {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	return f, err == nil
}

func filterFloat(_ *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("float", 0, "default")
	if err != nil {
		return nil, err
	}
	if s, ok := v.(string); ok {
		if f, ok := parseFloat(s); ok {
			return f, nil
		}
	}
	if f, ok := toFloat(v); ok {
		return f, nil
	}
	if b.given[0] {
		return b.vals[0], nil
	}
	return 0.0, nil
}

func filterRound(_ *interp, v Value, a *args) (Value, error) {
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

// title is the filter title: a word begins after white space, a hyphen or a
// bracket.
func title(s string) string {
	begins := true
	return strings.Map(func(r rune) rune {
		first := begins
		begins = isSpace(r) || strings.ContainsRune("-({[<", r)
		if begins {
			return r
		}
		if first {
			return unicode.ToUpper(r)
		}
		return unicode.ToLower(r)
	}, s)
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
	if b.given[2] && b.vals[2] != nil {
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
	words := strings.FieldsFunc(s, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	return int64(len(words)), in.charge(16 * len(words))
}

var htmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&#39;", `"`, "&#34;")

func escapeHTML(s string) string { return htmlEscapes.Replace(s) }

func filterURL(in *interp, v Value, _ *args) (Value, error) {
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	if err := in.charge(3 * len(s)); err != nil {
		return nil, err
	}
	return strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(s), "+", "%20"), "%2F", "/"), nil
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
	if limit < int64(utf8.RuneCountInString(end)) || leeway < 0 {
		return nil, fail(ValueError, "expected length >= %d", utf8.RuneCountInString(end))
	}
	runes := []rune(s)
	if err := in.charge(4 * len(runes)); err != nil {
		return nil, err
	}
	if int64(len(runes)) <= limit || int64(len(runes))-limit <= leeway {
		return s, nil
	}
	cut := string(runes[:limit-int64(utf8.RuneCountInString(end))])
	if !b.truth(1, false) {
		if i := strings.LastIndexByte(cut, ' '); i >= 0 {
			cut = cut[:i]
		}
	}
	return cut + end, nil
}
