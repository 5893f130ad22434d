package jinja

// undefined is the value of what does not exist. It may be tested and printed,
// anything else fails with msg. jinja2 makes one for every name, key and index
// that is not there, so that a template can ask and go on; the message is made
// then, when it is known what was looked for and where.
type undefined struct {
	msg  string
	kind string // the kind of the error, UndefinedError if empty
}

// err is what using the value fails with.
func (u *undefined) err() error {
	if u.kind != "" {
		return fail(u.kind, "%s", u.msg)
	}
	return fail(UndefinedError, "%s", u.msg)
}
