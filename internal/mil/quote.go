package mil

import "strconv"

// maxQuoted bounds what an error shows of a foreign name, in bytes.
const maxQuoted = 120

// Quote returns a name that a package gave as an error shows it: in quotation
// marks, with control characters escaped, and cut where it is long.
func Quote(name string) string {
	if len(name) <= maxQuoted {
		return strconv.Quote(name)
	}
	return strconv.Quote(name[:maxQuoted]) + "..."
}

// Plain is Quote that leaves the quotation marks off a short name of letters,
// digits and the usual marks.
func Plain(name string) string {
	if name == "" || len(name) > maxQuoted {
		return Quote(name)
	}
	for k := range len(name) {
		switch c := name[k]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '.', c == '-', c == '/', c == ':':
		default:
			return Quote(name)
		}
	}
	return name
}
