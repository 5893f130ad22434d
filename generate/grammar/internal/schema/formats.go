package schema

import (
	"strings"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// The formats that JSON schema defines, as patterns that a string has to match, all of
// them. Formats of other names are annotations, as the standard has it.

const (
	day31    = `(?:0[1-9]|[12][0-9]|3[01])`
	day30    = `(?:0[1-9]|[12][0-9]|30)`
	day28    = `(?:0[1-9]|1[0-9]|2[0-8])`
	leapYear = `(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)`
	date     = `(?:[0-9]{4}-(?:(?:0[13578]|1[02])-` + day31 + `|(?:0[469]|11)-` + day30 + `|02-` + day28 + `)|` + leapYear + `-02-29)`
	hour     = `(?:[01][0-9]|2[0-3])`
	minute   = `[0-5][0-9]`
	fraction = `(?:\.[0-9]+)?`
	// A second of 60 was only ever inserted at the end of a day in UTC.
	clock = `(?:` + hour + `:` + minute + `:` + minute + fraction + `(?:[Zz]|[+-]` + hour + `:` + minute + `)` +
		`|23:59:60` + fraction + `(?:[Zz]|[+-]00:00))`

	octet = `(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])`
	ipv4  = octet + `(?:\.` + octet + `){3}`
	group = `[0-9A-Fa-f]{1,4}`
	last  = `(?:` + group + `:` + group + `|` + ipv4 + `)`
	ipv6  = `(?:(?:` + group + `:){6}` + last +
		`|::(?:` + group + `:){5}` + last +
		`|(?:` + group + `)?::(?:` + group + `:){4}` + last +
		`|(?:(?:` + group + `:){0,1}` + group + `)?::(?:` + group + `:){3}` + last +
		`|(?:(?:` + group + `:){0,2}` + group + `)?::(?:` + group + `:){2}` + last +
		`|(?:(?:` + group + `:){0,3}` + group + `)?::` + group + `:` + last +
		`|(?:(?:` + group + `:){0,4}` + group + `)?::` + last +
		`|(?:(?:` + group + `:){0,5}` + group + `)?::` + group +
		`|(?:(?:` + group + `:){0,6}` + group + `)?::)`

	label    = `[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?`
	hostname = label + `(?:\.` + label + `)*`
	// Labels with hyphens in these places are the ASCII form of others, which has rules
	// that no automaton holds.
	noPunycode = `^(?!(?:[^.]*\.)*[^.]{2}--)`

	atext      = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
	quotedPart = `"(?:[ !#-\[\]-~]|\\[ -~])*"`
	email      = `(?:` + atext + `(?:\.` + atext + `)*|` + quotedPart + `)@(?:` + hostname + `|\[` + ipv4 + `\]|\[IPv6:` + ipv6 + `\])`

	years   = `[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?`
	months  = `[0-9]+M(?:[0-9]+D)?`
	hours   = `[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?`
	minutes = `[0-9]+M(?:[0-9]+S)?`
	timing  = `T(?:` + hours + `|` + minutes + `|[0-9]+S)`
	period  = `P(?:[0-9]+W|(?:` + years + `|` + months + `|[0-9]+D)(?:` + timing + `)?|` + timing + `)`

	pointer = `(?:/(?:[^~/]|~[01])*)*`
	percent = `%[0-9A-Fa-f]{2}`
)

// address is the pattern of a URI (RFC 3986), or of an IRI (RFC 3987) with the characters
// that it has besides; relative ones too if they may be.
func address(more string, relative bool) string {
	plain := `A-Za-z0-9._~` + more
	unit := func(extra string) string { return `(?:[` + plain + `!$&'()*+,;=` + extra + `-]|` + percent + `)` }
	pchar := unit(`:@`)
	authority := `(?:` + unit(`:`) + `*@)?(?:\[` + ipv6 + `\]|` + unit(``) + `*)(?::[0-9]*)?`
	tail := `(?:\?` + unit(`:@/?`) + `*)?(?:#` + unit(`:@/?`) + `*)?`
	path := `(?:/` + pchar + `*)*`
	absolute := `/(?:` + pchar + `+` + path + `)?`
	whole := `[A-Za-z][A-Za-z0-9+.-]*:(?://` + authority + path + `|` + absolute + `|` + pchar + `+` + path + `|)` + tail
	if !relative {
		return `^` + whole + `$`
	}
	return `^(?:` + whole + `|(?://` + authority + path + `|` + absolute + `|` + unit(`@`) + `+` + path + `|)` + tail + `)$`
}

// iriMore are the characters that an IRI has besides those of a URI.
const iriMore = `\u{A0}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFEF}\u{10000}-\u{1FFFD}\u{20000}-\u{DFFFD}`

// formats are the patterns by name; nil for what no regular language is.
var formats = map[string][]string{
	"date":                  {`^` + date + `$`},
	"time":                  {`^` + clock + `$`},
	"date-time":             {`^` + date + `[Tt]` + clock + `$`},
	"duration":              {`^` + period + `$`},
	"email":                 {`^` + email + `$`, `^.{1,64}@[^@]*$`, `^.{3,254}$`, `^.*@(?!(?:[^.]*\.)*[^.]{2}--)[^@]*$`},
	"hostname":              {`^` + hostname + `$`, `^.{1,253}$`, noPunycode},
	"ipv4":                  {`^` + ipv4 + `$`},
	"ipv6":                  {`^` + ipv6 + `$`},
	"uuid":                  {`^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$`},
	"uri":                   {address(``, false)},
	"uri-reference":         {address(``, true)},
	"iri":                   {address(iriMore, false)},
	"iri-reference":         {address(iriMore, true)},
	"uri-template":          {`^(?:[^\0-\x20"'%<>\\^` + "`" + `{|}\x7f-\x9f]|` + percent + `|\{[+#./;?&=,!@|]?` + variable + `(?:,` + variable + `)*\})*$`},
	"json-pointer":          {`^` + pointer + `$`},
	"relative-json-pointer": {`^(?:0|[1-9][0-9]*)(?:#|` + pointer + `)$`},
	"idn-email":             nil,
	"idn-hostname":          nil,
	"regex":                 nil,
}

const (
	variableChar = `(?:[A-Za-z0-9_]|` + percent + `)`
	variable     = variableChar + `(?:\.?` + variableChar + `)*(?::[1-9][0-9]{0,3}|\*)?`
)

// format is the language of the strings of a format.
func (c *compiler) format(name string) (rules.Expr, error) {
	patterns, known := formats[name]
	switch {
	case !known:
		return c.anyString, nil
	case patterns == nil:
		return c.anyString, c.at.node.unsupported("format", "is %s, which no automaton decides: leave it out, or use a pattern", strings.ToValidUTF8(name, ""))
	}
	all := c.anyString
	for _, p := range patterns {
		e, err := c.pattern(p)
		if err != nil {
			return all, err
		}
		all = c.common(all, e, c.anyString)
	}
	return all, nil
}
