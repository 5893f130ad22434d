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

// init fills the table of filters. A few of jinja2's are left out on purpose:
// pprint, random and xmlattr make no prompt, wordwrap and filesizeformat are
// not used by any template of a published model, and urlize writes HTML.
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
// value, or keep it for later. Whoever adds a name here has to see that the
// function charges for every byte and item that it looks at; meter_test.go
// lists them once more.
var ownFilters = []string{
	"default", "d", "length", "count", "string", "safe", "trim", "first", "last", "attr", "map",
	"select", "reject", "selectattr", "rejectattr",
}

// textFilter makes a filter of a mapping of pieces; start begins a text. A
// mapping that must know what stood before, as title must, is made anew for
// each text, since the table is shared by all renderings.
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
// entities. The order is that of markupsafe's striptags: comments first, so
// that a tag inside of one is not found, then tags, then white space, and
// entities last, so that &lt;b&gt; comes out as text and is not taken for a
// tag.
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

// filterJSON is tojson as servers for chat templates replace it: json.dumps
// without ASCII escapes. jinja2's own would write <, >, & and ' as escapes for
// HTML, which no model was trained on.
func filterJSON(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys")
	if err != nil {
		return nil, err
	}
	st := &jsonStyle{ascii: b.truth(0, false), sortKeys: b.truth(3, false), item: ", ", key: ": "}
	if b.isSet[1] && b.vals[1] != nil {
		// json.dumps leaves the space behind a comma off when it indents, since
		// the line ends there.
		st.multiline, st.item = true, ","
		if text, ok := b.vals[1].(string); ok {
			st.indent = text
		} else {
			n, err := b.int(1, 0)
			if err != nil {
				return nil, err
			}
			// A wide indent times the depth is a cheap way to ask for much
			// memory.
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

// filterTrim writes any value as text first; the method strip exists for text
// only.
func filterTrim(in *interp, v Value, a *args) (Value, error) {
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	return textMethods["strip"](in, s, a)
}

// filterDefault replaces what is undefined and nothing else, unless its second
// argument says that whatever is false counts. none is defined: a message whose
// content is null keeps its None under default(”).
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

// filterLength is len: of text it counts code points, not bytes and not what a
// reader takes for one character.
func filterLength(in *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("length", 0); err != nil {
		return nil, err
	}
	n, err := in.length(v)
	return int64(n), err
}

// filterString also stands for safe. Escaping is off, so that there is no
// markup to tell from text.
func filterString(in *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("string", 0); err != nil {
		return nil, err
	}
	return in.str(v)
}

// filterIndent keeps the first line and empty lines as they are, unless it is
// told otherwise. It adds a line break and cuts lines with splitlines, as
// jinja2 does, so that all kinds of line ends become a plain one.
func filterIndent(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("indent", 0, "width", "first", "blank")
	if err != nil {
		return nil, err
	}
	s, ok := v.(string)
	// jinja2 adds a line break to the value, and this is what Python says to
	// that.
	if !ok {
		if u, ok := v.(*undefined); ok {
			return nil, u.err()
		}
		return nil, fail(TypeError, "unsupported operand type(s) for +=: '%s' and 'str'", typeName(v))
	}
	// A text as the width is itself what each line begins with.
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
	// A text that ends in a line break thereby keeps one empty line.
	if s, err = in.concat(s, "\n"); err != nil {
		return nil, err
	}
	out := builder{in: in}
	first := true
	err = in.lines(s, false, func(line string) error {
		padded := b.truth(1, false)
		if !first {
			// Trailing spaces in an otherwise empty line are seldom meant.
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

// filterInt never fails: what is no number gives the default. jinja2 tries
// int() and then int(float()), so that "3.9" gives 3, and the base counts for
// text only.
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
		// Python's int takes a prefix if it fits the base. strconv takes one
		// only for base 0, where it is left on.
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
		// The second try, for text with a fraction or an exponent. Infinity and
		// NaN end at the check below.
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

// filterFloat never fails either. Python's float reads inf, nan and underscores
// between digits, as strconv does, but no hexadecimal floats, which strconv
// would.
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
	// Anything that is a number already, a boolean too.
	if f, ok := toFloat(v); ok {
		return f, nil
	}
	if b.isSet[0] {
		return b.vals[0], nil
	}
	return 0.0, nil
}

// filterRound rounds a half to the even neighbour, as Python 3 does, and not
// away from zero. The result is a float for whole numbers of digits too:
// 2.7|round is 3.0.
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
		// Python's round keeps the type of a whole number.
		if i, ok := toInt(v); ok && precision >= 0 {
			return i, nil
		}
		// Rounding to tens and hundreds, which strconv has no form for. Beyond
		// 300 digits a float has none that could change.
		if precision < 0 || precision > 300 {
			return math.RoundToEven(f*scale) / scale, nil
		}
		// Many digits take the slow way of strconv.
		if err := in.spend(4 + int(precision)); err != nil {
			return nil, err
		}
		// Through decimal digits, which are exact: 2.675 is a little less than
		// its name, and multiplying by 100 would hide that.
		return strconv.ParseFloat(strconv.FormatFloat(f, 'f', int(precision), 64), 64)
	}
	return nil, fail("FilterArgumentError", "method must be common, ceil or floor")
}

// filterAbs goes through negate for the sign, which knows the smallest whole
// number that has no opposite and makes a number of a boolean.
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

// filterReplace writes all its arguments as text first, unlike the method
// replace. A count of none is no count.
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

// filterFormat is the operator % with its arguments spelled out. In jinja2
// names and positions exclude each other.
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

// filterWordCount counts runs of \w as Python's re sees it: letters, numbers
// and underscores of all scripts. A hyphen ends a word.
func filterWordCount(in *interp, v Value, _ *args) (Value, error) {
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	words := int64(0)
	inside := false
	err = in.pieces(s, func(piece string) bool {
		// inside lives across pieces, so that a word on an edge counts once.
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

// filterURL takes text only. The reference also joins the pairs of a mapping.
func filterURL(in *interp, v Value, _ *args) (Value, error) {
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	return in.mapText(s, escapeURL)
}

// filterCenter is the method with a default of 80 columns: the filters of
// jinja2 that began in Django kept the width of a terminal.
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

// filterTruncate cuts at a word's start and lets a text pass that is longer
// than the limit by the leeway, because a cut that saves less than it adds
// looks silly; jinja2 has that since version 2.9.
func filterTruncate(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("truncate", 0, "length", "killwords", "end", "leeway")
	// The default length is that of jinja2, 255.
	if err != nil {
		return nil, err
	}
	// len() comes before anything else there, and numbers have none.
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
	// Characters are no more than bytes, so that most texts need no counting.
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
