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
// The environment is that of the reference implementation for chat templates:
// trim_blocks and lstrip_blocks are on, there are break and continue,
// generation blocks, the functions raise_exception and strftime_now and a
// tojson that writes plain JSON. Inheritance, imports and automatic escaping
// are not there.
package jinja
