package argdata

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// The proleptic Gregorian calendar in whole numbers: package time counts
// seconds from the year 1 in 64 bits, and so cannot say all of what seconds
// of 64 bits since 1970 can.

const (
	secondsPerDay = 86400
	daysPer400    = 146097 // days of a calendar cycle of 400 years
	daysTo1970    = 719468 // from 0000-03-01, where a cycle starts
)

// formatTimestamp writes a time as YAML has it, in UTC. Years beyond 9999 take
// more digits, those before 0000 a minus sign.
func formatTimestamp(sec int64, nsec uint32) string {
	days, second := floorDiv(sec, secondsPerDay), floorMod(sec, secondsPerDay)
	y, m, d := civil(days)
	sign := ""
	if y < 0 {
		sign, y = "-", -y
	}
	s := fmt.Sprintf("%s%04d-%02d-%02dT%02d:%02d:%02d", sign, y, m, d, second/3600, second/60%60, second%60)
	if nsec != 0 {
		s += strings.TrimRight(fmt.Sprintf(".%09d", nsec), "0")
	}
	return s + "Z"
}

// civil turns days since 1970-01-01 into a date. The year is taken to start
// in March, which puts the leap day at its end.
func civil(days int64) (year, month, day int64) {
	days += daysTo1970
	cycle, n := floorDiv(days, daysPer400), floorMod(days, daysPer400)
	year = (n - n/1460 + n/36524 - n/146096) / 365
	n -= 365*year + year/4 - year/100
	month = (5*n + 2) / 153
	day = n - (153*month+2)/5 + 1
	year += 400 * cycle
	if month += 3; month > 12 {
		return year + 1, month - 12, day
	}
	return year, month, day
}

// daysOf is the inverse of civil.
func daysOf(year, month, day int64) int64 {
	if month -= 3; month < 0 {
		year, month = year-1, month+12
	}
	cycle, y := floorDiv(year, 400), floorMod(year, 400)
	return cycle*daysPer400 + 365*y + y/4 - y/100 + (153*month+2)/5 + day - 1 - daysTo1970
}

// timestampForm is made when it is needed: most programs start without.
var timestampForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(-?\d{4,12})-(\d{1,2})-(\d{1,2})` +
		`(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d*))?` +
		`(?:[ \t]*(?:(Z)|([-+])(\d{1,2})(?::?(\d{2}))?))?)?$`)
})

// ParseTimestamp reads a timestamp as YAML has it: a date, or a date and a
// time with an optional fraction and zone; without a zone it is UTC. The
// fraction is cut to nanoseconds. EINVAL for what is not a time, ERANGE for
// one too far away.
func ParseTimestamp(s string) (Value, error) {
	f := timestampForm().FindStringSubmatch(s)
	if f == nil {
		return Value{}, fmt.Errorf("%q is not a timestamp such as 2015-07-01T12:00:00Z (%w)", s, cloudabi.EINVAL)
	}
	number := func(i int) int64 {
		n, _ := strconv.ParseInt(f[i], 10, 64) // empty is 0, and the form bounds the digits
		return n
	}
	year, month, day := number(1), number(2), number(3)
	hour, minute, second := number(4), number(5), number(6)
	days := daysOf(year, month, day)
	if y, m, d := civil(days); y != year || m != month || d != day || month < 1 || month > 12 {
		return Value{}, fmt.Errorf("%q: there is no such day (%w)", s, cloudabi.EINVAL)
	}
	zoneHour, zoneMinute := number(10), number(11)
	if hour > 23 || minute > 59 || second > 60 || zoneHour > 23 || zoneMinute > 59 {
		return Value{}, fmt.Errorf("%q: there is no such time of day (%w)", s, cloudabi.EINVAL)
	}
	zone := zoneHour*3600 + zoneMinute*60
	if f[9] == "-" {
		zone = -zone
	}
	sec, ok := secondsAt(days, hour*3600+minute*60+second-zone)
	if !ok {
		return Value{}, fmt.Errorf("%q is too far from 1970 (%w)", s, cloudabi.ERANGE)
	}
	nsec, _ := strconv.ParseInt((f[7] + "000000000")[:9], 10, 64)
	return TimestampAt(sec, nsec), nil
}

// secondsAt joins days and seconds, if the sum fits. The product alone may be
// outside of 64 bits when the sum is not.
func secondsAt(days, seconds int64) (int64, bool) {
	t := big.NewInt(days)
	t.Mul(t, big.NewInt(secondsPerDay))
	t.Add(t, big.NewInt(seconds))
	return t.Int64(), t.IsInt64()
}
