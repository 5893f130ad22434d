package jinja

import (
	"strings"
)

// init fills the table of filters. A few of jinja2's are left out on purpose: pprint and
// random make no prompt, wordwrap and filesizeformat are not used by any template of a
// published model, and urlize writes links.
func init() {
	filters = metered(map[string]filterFunc{
		"tojson": filterJSON, "trim": filterTrim, "default": filterDefault, "d": filterDefault,
		"length": filterLength, "count": filterLength, "string": filterString, "safe": filterSafe,
		"indent": filterIndent, "int": filterInt, "float": filterFloat, "round": filterRound, "abs": filterAbs,
		"upper": textFilter(plain(upper), (*interp).mapText), "lower": textFilter(plain(lower), (*interp).mapLower),
		"title": textFilter(title, (*interp).mapText), "capitalize": textFilter(capitalize, (*interp).mapLower),
		"replace": filterReplace, "format": filterFormat, "wordcount": filterWordCount,
		"escape": filterEscape, "e": filterEscape, "forceescape": filterForceEscape, "xmlattr": filterAttributes,
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

// mapper is mapText, or mapLower for what lowers letters.
type mapper = func(in *interp, s string, f func(piece string) string) (string, error)

// textFilter makes a filter of a mapping of pieces; start begins a text. A
// mapping that must know what stood before, as title must, is made anew for
// each text, since the table is shared by all renderings.
func textFilter(start func() func(string) string, lowering mapper) filterFunc {
	return func(in *interp, v Value, a *args) (Value, error) {
		if _, err := a.bind("filter", 0); err != nil {
			return nil, err
		}
		s, err := in.str(v)
		if err != nil {
			return nil, err
		}
		return lowering(in, s, start())
	}
}

// filterJSON is tojson as servers for chat templates replace it: json.dumps
// without ASCII escapes. jinja2's own would write <, >, & and ' as escapes for
// HTML, which no model was trained on.
//
// It is tojson in transformers/utils/chat_template_utils.py, whose parameters these
// are; jinja2's is utils.htmlsafe_json_dumps. What is written is charged by the
// builder, piece by piece: a value may hold one list many times, so that its text
// has no bound in its memory.
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
		if text, ok := textOf(b.vals[1]); ok {
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
		st.item, _ = textOf(pair.Items[0])
		st.key, _ = textOf(pair.Items[1])
	}
	out := builder{in: in}
	if err := in.appendJSON(&out, v, st, 0); err != nil {
		return nil, err
	}
	return out.text()
}

// filterDefault replaces what is undefined and nothing else, unless its second
// argument says that whatever is false counts. none is defined: a message whose
// content is null keeps its None under default(”).
//
// In jinja2 this is do_default of filters.py. Nothing is charged: the value
// is handed on.
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
//
// length is Python's len itself in the table of jinja2; of text it is charged for
// the look at each character.
func filterLength(in *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("length", 0); err != nil {
		return nil, err
	}
	n, err := in.length(v)
	return int64(n), err
}

// filterString writes a value as text; what is marked stays marked.
func filterString(in *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("string", 0); err != nil || isMarkup(v) {
		return v, err
	}
	return in.str(v)
}
