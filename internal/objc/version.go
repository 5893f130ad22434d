package objc

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Version is a version of an operating system. The zero Version is not known, or
// older than everything that matters.
type Version struct {
	Major, Minor, Patch int
}

// ParseVersion reads up to three numbers with dots between them; the empty
// string is the zero Version.
func ParseVersion(s string) (Version, error) {
	var v Version
	if s == "" {
		return v, nil
	}
	parts := strings.Split(s, ".")
	fields := [...]*int{&v.Major, &v.Minor, &v.Patch}
	if len(parts) > len(fields) {
		return Version{}, fmt.Errorf("objc: version %q has more than three numbers", s)
	}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 31)
		if err != nil {
			return Version{}, fmt.Errorf("objc: version %q: %w", s, err)
		}
		*fields[i] = int(n)
	}
	return v, nil
}

// mustVersion reads a version of the table.
func mustVersion(s string) Version {
	v, err := ParseVersion(s)
	if err != nil {
		panic(err)
	}
	return v
}

// Compare is negative if v is older than w, positive if it is newer.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(v.Major, w.Major), cmp.Compare(v.Minor, w.Minor), cmp.Compare(v.Patch, w.Patch))
}

// IsZero reports whether the version is not known.
func (v Version) IsZero() bool { return v == Version{} }

// String writes the version without a zero patch level, and "unknown" for the
// zero Version.
func (v Version) String() string {
	switch {
	case v.IsZero():
		return "unknown"
	case v.Patch == 0:
		return fmt.Sprintf("%d.%d", v.Major, v.Minor)
	}
	return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
}
