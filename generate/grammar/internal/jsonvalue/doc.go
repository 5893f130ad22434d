// Package jsonvalue holds JSON values as JSON schema sees them: the members of an
// object keep their order, and numbers are exact decimals, so that 1.0 equals 1 and
// 0.1 is a tenth.
package jsonvalue
