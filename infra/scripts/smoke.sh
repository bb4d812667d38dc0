#!/bin/sh
# Is what was deployed alive, locked, and able to sell? Nothing is charged without --sale; --sale charges a test card, and
# is for dev and test only: Chase's production would see a card that does not exist.
#
#   API=https://func-....azurewebsites.net/api/v1 TOKEN=... infra/scripts/smoke.sh [--sale]
#
# TOKEN: a bearer token with Payments.Write and Payments.Read for the biller (BILLER, city-water unless given).
# Exit 0 when all is well, 1 at the first thing that is not, 2 when it was called wrongly.
set -eu

: "${API:?the address of the API, up to /api/v1}"
: "${TOKEN:?a bearer token with Payments.Write and Payments.Read}"
biller=${BILLER:-city-water}
key=smoke-$(date -u +%Y%m%dT%H%M%SZ)-$$
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

sell=no
case ${1:-} in
  --sale) sell=yes ;;
  '') ;;
  *) echo "usage: smoke.sh [--sale]" >&2; exit 2 ;;
esac

# call STATUS WHAT CURL-ARGUMENTS...: the answer must have the status; its body is left in $answer.
call() {
  wanted=$1 what=$2
  shift 2
  got=$(curl -sS --max-time 90 -o "$answer" -w '%{http_code}' "$@") || got=none
  case " $wanted " in
    *" $got "*) echo "ok    $what ($got)" ;;
    *) echo "WRONG $what: $got instead of $wanted" >&2; cat "$answer" >&2; echo >&2; exit 1 ;;
  esac
}

# post WANTED WHAT PATH BODY: as the caller.
post() {
  call "$1" "$2" "$API$3" -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: $key" \
    -H 'Content-Type: application/json' -d "$4"
}

bill() {
  printf '{"billerId": "%s", "reference": "%s", "amountMinor": %s, "currency": "USD",' "$biller" "$key" "$1"
  printf ' "method": {"type": "card", "number": "4112344112344113", "expiry": {"month": 5, "year": 2029}, "cvv": "111"},'
  printf ' "payer": {"firstName": "Ada", "lastName": "Byron", "email": "ada@example.com", "address": {"line1": "1 Main St",'
  printf ' "city": "Boston", "state": "MA", "postalCode": "02110", "country": "USA"}}, "initiator": "payer"}'
}

call 200 'it runs' "$API/health/live"
call 200 'its database answers' "$API/health/ready"
call 401 'nobody gets in without a token' "$API/payments?reference=$key"
call 200 'the caller gets in' "$API/payments?reference=$key" -H "Authorization: Bearer $TOKEN"
post 400 'a sale without an amount is refused' /payments "$(bill 0)"

[ "$sell" = yes ] || { echo 'nothing was charged: --sale charges a test card'; exit 0; }

post '201 409' 'a test card is charged' /payments "$(bill 100)"
if grep -q '"decision-required"' "$answer"; then
  post 200 'the rollout decides' /rollout/decisions \
    "{\"attempt\": \"$key\", \"billerId\": \"$biller\", \"method\": \"card\", \"reference\": \"$key\"}"
  grep -q '"live"' "$answer" || { echo "the rollout has $biller not live: nothing was charged"; exit 0; }
  post 201 'a test card is charged, as decided' /payments "$(bill 100)"
fi
grep -q '"approved"' "$answer" || { echo 'WRONG not approved' >&2; cat "$answer" >&2; exit 1; }
post 201 'the same key charges nothing more' /payments "$(bill 100)"
echo "charged 1.00 USD to Chase's test card under the key $key: void it if it shall not settle"
