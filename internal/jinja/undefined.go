package jinja

// undefined is the value of what does not exist. It may be tested and printed,
// anything else fails with msg.
type undefined struct {
	msg  string
	kind string // the kind of the error, UndefinedError if empty
}

func (u *undefined) err() error {
	if u.kind != "" {
		return fail(u.kind, "%s", u.msg)
	}
	return fail(UndefinedError, "%s", u.msg)
}
