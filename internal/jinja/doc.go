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
// The environment is that of the reference implementation for chat templates:
// trim_blocks and lstrip_blocks are on, there are break and continue,
// generation blocks, the functions raise_exception and strftime_now and a
// tojson that writes plain JSON. Inheritance, imports and automatic escaping
// are not there.
package jinja
