// Package jinja renders chat templates: the part of the Jinja template
// language, with Python's values behind it, that the templates beside models
// are written in.
//
// Templates come from the network with the model, so a rendering is bounded in
// steps, in memory and in depth, and nothing that a template says panics or
// hangs. Values are those of Python where a template can see them: mappings
// keep their order, floats print as repr prints them, what does not exist is
// undefined and fails where Python would.
//
// # How work is counted
//
// Steps are nodes that are evaluated, and also the bytes of text and the items
// of lists that anything touches; see meter.go for the prices. Three places see
// to it that nothing is left out. The tables of filters, tests, methods and
// globals charge each function for what it is handed before it runs, unless it
// is listed as one that pays for itself. Work that may be long goes through the
// functions of text.go, search.go, builder.go and sort.go, which take a text or a
// list in pieces and pay for each piece: the limits and the context are obeyed
// between two pieces, so that no single operation outlasts either. And
// meter_test.go walks all tables and asks that costs grow with what is given.
//
// Whatever ends a rendering early stays its error, even if an operation on the
// way makes something else of it.
//
// # How a template becomes text
//
// [Parse] cuts the source into tokens (lexer.go, lexer_inside.go,
// literal.go), which decides all questions of white space, and builds a tree of them
// (parser_base.go, parser_expr.go, parser_primary.go and parser_call.go for
// expressions, parser.go and parser_stmt.go for statements; the nodes are in ast.go). [Template.Render] walks the tree:
// statements are executed (exec.go, loop.go, assign.go), expressions are evaluated
// (eval.go, slice.go, attr.go, ops.go, compare.go), calls and macros are in call.go.
// The functions that a template can call lie in four tables: filters (filters.go has
// the table; filters_text.go, filters_html.go, filters_number.go, filters_seq.go,
// filters_pick.go and filters_sort.go the functions), tests (tests.go), methods of
// text, lists and mappings (textmethods.go, textmethods_edit.go, textsplit.go,
// percent.go, braces.go, attr.go) and globals (globals.go). What
// a value looks like is in format.go for Python and in tojson.go for JSON.
//
// To add a function, write it beside its like, enter it in its table, and give it
// cases in cases_*_test.go: a test fails for one that has none. If it goes over a
// text or a list that may be long, let it use the functions of text.go and its
// neighbours; meter_test.go finds out if it does not pay.
//
// # What differs from Python
//
// Whole numbers are computed with in 64 bits, and a result that does not fit is an
// error; longer ones from outside are kept and written exactly. Text is UTF-8, and a
// byte that is none counts as one character, the replacement character. There are
// no bytes, sets, complex numbers or classes, and nothing in a template can change a
// value but a namespace. str.format reads no members of its values, for the reason
// that jinja2 gives: they lead out of a sandbox. The words of errors are those of
// CPython where templates or servers were seen to depend on them, and close to
// them elsewhere.
//
// Some of what Python has is not here, because no published template was seen to
// use it. Each has a case in cases_*_test.go whose field differs says so:
//
//   - str.format knows no alignment, no grouping and none of the formats that % has
//     not; it counts {} and {0} apart where Python refuses a mixture;
//   - startswith, endswith, count and index of a list take no places to begin and
//     end at; find of an empty text behind the end finds it at the end;
//   - casefold is lower; isdigit and isnumeric know fewer of the signs that are
//     numbers but no decimal digits, and int reads ASCII digits only;
//   - urlencode of a mapping writes the mapping, where jinja2 writes its pairs;
//   - a macro has the attribute name and no other;
//   - the filter format prefers names to places where jinja2 refuses both;
//   - a slice that Python refuses is an error, where the sandbox makes it undefined.
//
// Inheritance and includes are refused when a template is parsed, since there is
// nothing to load from; lipsum is not defined.
//
// # What surprises in Jinja
//
// A set inside of a loop, a macro or a with is forgotten at its end; one inside of
// an if is not. What is undefined can be asked for and written, one level deep, and
// fails in everything else. a.b looks for an attribute first and a['b'] for a key.
// Filters bind tighter than all operators, and powers group to the left. A filter
// that makes a list of a list is lazy and can be read once. else of a loop is for
// loops in which no round came to its end, not for those without a break as in
// Python. All of these are kept: a template that was written with them in mind must
// give the prompt that its model was trained on.
//
// # The environment
//
// It is that of the reference implementation for chat templates:
// trim_blocks and lstrip_blocks are on, there are break and continue,
// generation blocks, the functions raise_exception and strftime_now and a
// tojson that writes plain JSON. Inheritance, imports and automatic escaping
// are not there.
package jinja
