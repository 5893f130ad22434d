package generate

import "strings"

// families lists all families in the order in which they are tried. The last
// asks for nothing, so that one always matches.
var families = []*family{
	&familyStateful,
	&familyIOCache,
	&familyNoCache,
}

// findFamily returns the family of that name. The error is that of the driver's
// field.
func findFamily(name Family) (*family, error) {
	var names []string
	for _, f := range families {
		if f.name == name {
			return f, nil
		}
		names = append(names, string(f.name))
	}
	last := len(names) - 1
	return nil, driverErrorf("family", "is %q; the families are %s and %s", name, strings.Join(names[:last], ", "), names[last])
}

// matchFamily returns the first family that matches.
func matchFamily(b *binder) *family {
	for _, f := range families {
		if f.matches(b) {
			return f
		}
	}
	return families[len(families)-1]
}
