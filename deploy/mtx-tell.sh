#!/bin/sh
# Run by MediaMTX with its MTX_ variables: tells the market (MARKET_EVENT_URL, MARKET_SECRET) what became of a picture.
# While a picture is there it is told again every two seconds; 410 means that it is wanted no longer, so it is cut.
told="hook=$1&path=$MTX_PATH&source_id=$MTX_SOURCE_ID&source_type=$MTX_SOURCE_TYPE"
told="$told&segment_path=$MTX_SEGMENT_PATH&segment_duration=${MTX_SEGMENT_DURATION:-0}"

proof="Authorization: Basic $(printf 'mtx:%s' "$MARKET_SECRET" | base64 | tr -d '\n')"

post() { # address, body -> what wget says: nothing when all is well
	wget -q -T 5 -O /dev/null --header "$proof" --post-data "$2" "$1" 2>&1
}

cut_off() {
	case "$MTX_SOURCE_TYPE" in
	rtmpConn) kind=rtmpconns ;;
	rtmpsConn) kind=rtmpsconns ;;
	srtConn) kind=srtconns ;;
	*) return ;;
	esac
	wget -q -T 5 -O /dev/null --post-data "" "http://127.0.0.1:9997/v3/$kind/kick/$MTX_SOURCE_ID" 2>&1
}

pause() { # a signal ends it at once
	sleep "$1" &
	wait $!
}

if [ "$1" = available ]; then
	trap 'exit 0' INT TERM
	while :; do
		case "$(post "$MARKET_EVENT_URL" "$told")" in
		*410*) cut_off ;;
		esac
		pause 2
	done
fi

# the end of a picture, and a finished file, are told until the market has heard it, for a quarter of an hour
tries=0
while [ $tries -lt 90 ]; do
	answer="$(post "$MARKET_EVENT_URL" "$told")" && exit 0
	case "$answer" in *403* | *422*) exit 1 ;; esac
	tries=$((tries + 1))
	sleep 10
done
exit 1
