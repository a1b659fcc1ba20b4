#!/usr/bin/env python3
"""Makes cases.json: messages of mail providers, good and forged, signed by other code than ours.

The shapes are those that the providers document; names, addresses and keys are made up. The private keys
are thrown away: what is in cases.json cannot be signed again, and all of it is made anew together.

    pip install cryptography && python3 make.py
"""
import base64, copy, datetime, hashlib, hmac, json, os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

NOW = 1_800_000_000  # what the clock of the test says, in seconds
MAIL = "0b" * 16
SECRET_WORD = "https://wiki.example.com/.linkgate/link/AAAA"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:linkgate-mail"
CERTIFICATE_URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"
cases = []


def text(document):
    return document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))


def case(provider, name, body, headers=None, status=200, state=None, suppressed=False, words=None):
    cases.append({"provider": provider, "name": name, "headers": headers or {}, "body": text(body),
                  "status": status, "state": state, "suppressed": suppressed, "words": words})


def changed(document, **other):
    document = copy.deepcopy(document)
    document.update(other)
    return document


# --- Postmark -----------------------------------------------------------------------------------
def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


POSTMARK = basic("postmark", "postmark-password")
postmark = {
    "RecordType": "Delivery", "ServerID": 23, "MessageStream": "outbound",
    "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483", "Recipient": "ann@example.com", "Tag": "sign-in",
    "DeliveredAt": "2027-01-15T08:00:00Z", "Details": "Test delivery webhook details",
    "Metadata": {"linkgate_mail": MAIL},
}
bounce = {
    "RecordType": "Bounce", "Type": "HardBounce", "TypeCode": 1, "ID": 4323372036854775807,
    "Name": "Hard bounce", "MessageStream": "outbound", "Inactive": True, "CanActivate": True,
    "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483", "Email": "ann@example.com",
    "Description": "The server was unable to deliver your message (ex: unknown user).",
    "Details": f"smtp;550 5.1.1 <ann@example.com>: no such user {SECRET_WORD}",
    "BouncedAt": "2027-01-15T08:00:00Z", "Metadata": {"linkgate_mail": MAIL},
}
case("postmark", "delivery", postmark, POSTMARK, state="delivered", words="Test delivery webhook details")
case("postmark", "hard bounce", bounce, POSTMARK, state="bounced", suppressed=True,
     words="smtp;550 5.1.1 […] no such user […]")
case("postmark", "hard bounce that is about us", changed(bounce, Details="smtp;550 5.7.1 our address is on a list"),
     POSTMARK, state="bounced")
case("postmark", "hard bounce without words", changed(bounce, Details="", Description=""), POSTMARK, state="bounced",
     suppressed=True)
case("postmark", "switched off", changed(bounce, Type="ManuallyDeactivated"), POSTMARK, state="rejected")
case("postmark", "spam to its filter", changed(bounce, Type="SpamNotification"), POSTMARK, state="bounced")
case("postmark", "bad address", changed(bounce, Type="BadEmailAddress"), POSTMARK, state="bounced", suppressed=True)
case("postmark", "soft bounce", changed(bounce, Type="SoftBounce"), POSTMARK, state="bounced")
case("postmark", "blocked", changed(bounce, Type="Blocked"), POSTMARK, state="bounced")
case("postmark", "transient", changed(bounce, Type="Transient"), POSTMARK, state="deferred")
case("postmark", "on holiday", changed(bounce, Type="AutoResponder"), POSTMARK)
case("postmark", "spam complaint", changed(bounce, RecordType="SpamComplaint", Type="SpamComplaint"), POSTMARK,
     state="complained", suppressed=True)
case("postmark", "opened", changed(postmark, RecordType="Open"), POSTMARK)
case("postmark", "by its reference", changed(postmark, Metadata={}, MessageID="the-reference"), POSTMARK,
     state="delivered")
case("postmark", "unknown mail", changed(postmark, Metadata={"linkgate_mail": "ff" * 16}), POSTMARK)
case("postmark", "no mail named", changed(postmark, Metadata={}), POSTMARK)
case("postmark", "no login", postmark, status=401)
case("postmark", "wrong password", postmark, basic("postmark", "postmark-passwore"), status=401)
case("postmark", "wrong user", postmark, basic("Postmark", "postmark-password"), status=401)
case("postmark", "token instead", postmark, {"Authorization": "Bearer postmark-password"}, status=401)
case("postmark", "no JSON", "{", POSTMARK, status=400)
case("postmark", "a number", "7", POSTMARK, status=400)
case("postmark", "nothing", "", POSTMARK, status=400)
case("postmark", "no type", {"MessageID": "x"}, POSTMARK, status=400)
case("postmark", "bounce without a type", {"RecordType": "Bounce"}, POSTMARK, status=400)

# --- Mailgun ------------------------------------------------------------------------------------
MAILGUN_KEY = "key-0123456789abcdef0123456789abcdef"


def mailgun(event, key=MAILGUN_KEY, at=NOW, **signature):
    token = hashlib.sha256(json.dumps(event).encode()).hexdigest()[:50]
    signed = hmac.new(key.encode(), f"{at}{token}".encode(), hashlib.sha256).hexdigest()
    return {"signature": {"timestamp": str(at), "token": token, "signature": signed, **signature},
            "event-data": event}


delivered = {
    "id": "CPgfbmQMTCKtHW6uIWtuVe", "timestamp": 1521472262.908181, "log-level": "info", "event": "delivered",
    "delivery-status": {"tls": True, "mx-host": "smtp-in.example.com", "code": 250, "description": "",
                        "session-seconds": 0.4331989288330078, "message": "OK", "certificate-verified": True},
    "message": {"headers": {"to": "Ann <ann@example.com>", "message-id": f"{MAIL}@mail.example.com",
                            "from": "login@example.com", "subject": "Sign in"}, "attachments": [], "size": 111},
    "recipient": "ann@example.com", "recipient-domain": "example.com", "user-variables": {"linkgate_mail": MAIL},
}
failed = changed(delivered, event="failed", severity="permanent", reason="bounce", **{"delivery-status": {
    "attempt-no": 1, "message": "", "code": 605, "description": "Not delivering to previously bounced address"}})
case("mailgun", "delivered", mailgun(delivered), state="delivered", words="OK")
case("mailgun", "named by its Message-ID", mailgun(changed(delivered, **{"user-variables": {}})), state="delivered")
def failed_with(reason="bounce", **status):
    return mailgun(changed(failed, reason=reason, **{"delivery-status": {"attempt-no": 1, "description": "", **status}}))


case("mailgun", "failed for good", failed_with(code=550, message="5.1.1 no such user", **{"enhanced-code": "5.1.1"}),
     state="bounced", suppressed=True, words="5.1.1 no such user")
case("mailgun", "failed for good, without an exact code", failed_with(code=550, message="no such user"), state="bounced",
     suppressed=True)
case("mailgun", "failed for good, exact in words alone", failed_with(code=554, message="5.1.1 no such user"),
     state="bounced", suppressed=True)
case("mailgun", "failed because of us", failed_with(code=550, message="5.7.1 blocked", **{"enhanced-code": "5.7.1"}),
     state="bounced")
case("mailgun", "failed as spam", failed_with(code=554, message="this is spam"), state="bounced")
case("mailgun", "failed because the mailbox is full", failed_with(code=552, message="5.2.2 full"), state="bounced")
case("mailgun", "failed after too long", failed_with(reason="old", code=602, message="Too old"), state="bounced")
case("mailgun", "on its list", mailgun(changed(failed, reason="suppress-bounce")), state="rejected",
     words="Not delivering to previously bounced address")
case("mailgun", "failed for a reason of its own", mailgun(failed), state="bounced")
case("mailgun", "failed for now", mailgun(changed(failed, severity="temporary")), state="deferred")
case("mailgun", "rejected", mailgun(changed(delivered, event="rejected")), state="rejected")
case("mailgun", "complained", mailgun(changed(delivered, event="complained")), state="complained", suppressed=True)
case("mailgun", "clicked", mailgun(changed(delivered, event="clicked")))
case("mailgun", "another key", mailgun(delivered, key="key-other"), status=403)
case("mailgun", "no signature", {"event-data": delivered}, status=400)
case("mailgun", "cut signature", mailgun(delivered, signature="ab"), status=403)
case("mailgun", "signature that is no text", mailgun(delivered, signature=7), status=400)
case("mailgun", "another token", mailgun(delivered, token="x" * 50), status=403)
case("mailgun", "another time", mailgun(delivered, timestamp=str(NOW + 1)), status=403)
case("mailgun", "six minutes old", mailgun(delivered, at=NOW - 360), status=403)
case("mailgun", "of the future", mailgun(delivered, at=NOW + 360), status=403)
case("mailgun", "four minutes old", mailgun(delivered, at=NOW - 240), state="delivered")
case("mailgun", "signed nonsense", mailgun({"x": 1}), status=400)
case("mailgun", "time in words", mailgun(delivered, at="now"), status=400)

# --- SendGrid -----------------------------------------------------------------------------------
sendgrid_key = ec.generate_private_key(ec.SECP256R1())
SENDGRID_PUBLIC = base64.b64encode(sendgrid_key.public_key().public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)).decode()


def sendgrid(body, key=sendgrid_key, at=NOW, **headers):
    signature = base64.b64encode(key.sign(f"{at}{text(body)}".encode(), ec.ECDSA(hashes.SHA256()))).decode()
    return {"X-Twilio-Email-Event-Webhook-Signature": signature,
            "X-Twilio-Email-Event-Webhook-Timestamp": str(at), **headers}


def signed_sendgrid(name, body, sent=None, status=200, key=sendgrid_key, at=NOW, **expected):
    case("sendgrid", name, sent or body, sendgrid(body, key, at), status, **expected)


event = {
    "email": "ann@example.com", "timestamp": 1513299569, "smtp-id": f"<{MAIL}@mail.example.com>",
    "event": "delivered", "category": ["sign-in"], "sg_event_id": "ZyRbkvMTSu2yYzJ0YFVTqw",
    "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0", "response": "250 OK",
    "linkgate_mail": MAIL,
}
signed_sendgrid("delivered", [event], state="delivered", words="250 OK")
signed_sendgrid("several at once", [changed(event, event="processed", sg_event_id="a"),
                                    changed(event, event="deferred", sg_event_id="b"),
                                    changed(event, sg_event_id="c")], state="delivered")
signed_sendgrid("bounce", [changed(event, sg_event_id="bounce", event="bounce", type="bounce", status="5.0.0", reason="500 unknown recipient")],
                state="bounced", words="500 unknown recipient")
for name, more, suppressed in [
        ("no such mailbox", {"status": "5.1.1", "reason": "550 5.1.1 no such user"}, True),
        ("no such mailbox, says SendGrid", {"status": "5.0.0", "bounce_classification": "Invalid Address"}, True),
        ("no such mailbox, in words alone", {"status": "5.0.0", "reason": "550 no such user",
                                             "bounce_classification": "Unclassified"}, True),
        ("a sender that is on a list", {"status": "5.7.1", "reason": "550 5.7.1 blocked"}, False),
        ("a bad name, says SendGrid", {"status": "5.1.1", "bounce_classification": "Reputation"}, False)]:
    signed_sendgrid(f"bounce: {name}", [changed(event, sg_event_id=name, event="bounce", type="bounce", **more)],
                    state="bounced", suppressed=suppressed)
signed_sendgrid("blocked", [changed(event, sg_event_id="blocked", event="bounce", type="blocked")], state="bounced")
signed_sendgrid("dropped", [changed(event, sg_event_id="dropped", event="dropped", reason="Bounced Address")], state="rejected")
signed_sendgrid("spam report", [changed(event, sg_event_id="spam", event="spamreport")], state="complained", suppressed=True)
signed_sendgrid("open", [changed(event, event="open")])
by_id = {key: value for key, value in event.items() if key != "linkgate_mail"}
signed_sendgrid("named by its Message-ID", [by_id], state="delivered")
signed_sendgrid("by its reference", [changed(by_id, **{"smtp-id": "<x@y>", "sg_message_id": "the-reference.filter1"})],
                state="delivered")
signed_sendgrid("unknown mail", [changed(event, linkgate_mail="ff" * 16)])
signed_sendgrid("changed after it was signed", [event], sent=[changed(event, event="bounce")], status=403)
signed_sendgrid("another key", [event], key=ec.generate_private_key(ec.SECP256R1()), status=403)
signed_sendgrid("six minutes old", [event], at=NOW - 360, status=403)
signed_sendgrid("no list", event, status=400)
signed_sendgrid("no JSON", "[", status=400)
signed_sendgrid("no identity", [{"event": "delivered"}], status=400)
case("sendgrid", "no signature", [event], status=403)
case("sendgrid", "signature that is none", [event], sendgrid([event]) | {
    "X-Twilio-Email-Event-Webhook-Signature": "AAAA"}, status=403)
case("sendgrid", "time of another message", [event], sendgrid([event]) | {
    "X-Twilio-Email-Event-Webhook-Timestamp": str(NOW - 1)}, status=403)

# --- Resend -------------------------------------------------------------------------------------
resend_key = os.urandom(24)
RESEND_SECRET = "whsec_" + base64.b64encode(resend_key).decode()


def resend(body, key=resend_key, at=NOW, version="v1", before=""):
    identity = "msg_" + hashlib.sha256(text(body).encode()).hexdigest()[:24]
    signed = hmac.new(key, f"{identity}.{at}.{text(body)}".encode(), hashlib.sha256).digest()
    return {"svix-id": identity, "svix-timestamp": str(at),
            "svix-signature": f"{before}{version},{base64.b64encode(signed).decode()}"}


told = {
    "type": "email.delivered", "created_at": "2027-01-15T08:00:00.000Z",
    "data": {"broadcast_id": "8b146471-e88e-4322-86af-016cd36fd216", "created_at": "2027-01-15T08:00:00.000Z",
             "email_id": "56761188-7520-42d8-8898-ff6fc54ce618", "from": "login@example.com",
             "to": ["ann@example.com"], "subject": "Sign in", "tags": {"linkgate_mail": MAIL}},
}
bounced = changed(told, type="email.bounced", data=told["data"] | {"bounce": {
    "message": "The recipient's mail server has sent it back", "subType": "General", "type": "Permanent",
    "diagnosticCode": ["smtp; 550 5.1.1 no such user"]}})
no_mailbox = changed(bounced, data=bounced["data"] | {"bounce": {"message": "x", "subType": "NoEmail", "type": "Permanent"}})
policy = changed(bounced, data=bounced["data"] | {"bounce": bounced["data"]["bounce"] | {
    "diagnosticCode": ["smtp; 550 5.7.1 blocked"]}})
unsaid = changed(bounced, data=bounced["data"] | {"bounce": {"message": "x", "subType": "General", "type": "Permanent"}})
on_list = changed(bounced, data=bounced["data"] | {"bounce": {
    "message": "The recipient's email address is on the suppression list", "subType": "Suppressed", "type": "Permanent"}})
soft = changed(bounced, data=bounced["data"] | {"bounce": {"message": "full", "subType": "MailboxFull", "type": "Transient"}})
listed = changed(told, data=told["data"] | {"tags": [{"name": "linkgate_mail", "value": MAIL}]})
referenced = changed(told, data={"email_id": "the-reference", "to": ["ann@example.com"]})
case("resend", "delivered", told, resend(told), state="delivered")
case("resend", "tags in a list", listed, resend(listed), state="delivered")
case("resend", "by its reference", referenced, resend(referenced), state="delivered")
case("resend", "bounced for good", bounced, resend(bounced), state="bounced", suppressed=True,
     words="The recipient's mail server has sent it back")
case("resend", "no mailbox", no_mailbox, resend(no_mailbox), state="bounced", suppressed=True)
case("resend", "bounced because of us", policy, resend(policy), state="bounced")
case("resend", "bounced, and nobody says why", unsaid, resend(unsaid), state="bounced")
case("resend", "on its list", on_list, resend(on_list), state="rejected",
     words="The recipient's email address is on the suppression list")
case("resend", "bounced for now", soft, resend(soft), state="bounced")
for kind, state, suppressed in [("delivery_delayed", "deferred", False), ("complained", "complained", True),
                                ("failed", "rejected", False), ("clicked", None, False)]:
    body = changed(told, type=f"email.{kind}")
    case("resend", kind, body, resend(body), state=state, suppressed=suppressed)
case("resend", "two signatures", told, resend(told, before="v1,AAAA v2,BBBB "), state="delivered")
case("resend", "another key", told, resend(told, key=os.urandom(24)), status=403)
case("resend", "another version", told, resend(told, version="v1a"), status=403)
case("resend", "changed after it was signed", bounced, resend(told), status=403)
case("resend", "identity of another message", told, resend(told) | {"svix-id": "msg_other"}, status=403)
case("resend", "time of another message", told, resend(told) | {"svix-timestamp": str(NOW - 1)}, status=403)
case("resend", "six minutes old", told, resend(told, at=NOW - 360), status=403)
case("resend", "no signature", told, {"svix-id": "x", "svix-timestamp": str(NOW)}, status=403)
case("resend", "no JSON", "{", resend("{"), status=400)

# --- Brevo --------------------------------------------------------------------------------------
BREVO = {"Authorization": "Bearer brevo-token-0123456789"}
brevo = {
    "event": "delivered", "email": "ann@example.com", "id": 26224, "date": "2027-01-15 08:00:00", "ts": NOW,
    "message-id": "<202701150800.12345678@smtp-relay.mailin.fr>", "ts_event": NOW, "subject": "Sign in",
    "X-Mailin-custom": json.dumps({"linkgate_mail": MAIL}), "sending_ip": "192.0.2.1", "ts_epoch": NOW * 1000,
    "tags": ["sign-in"],
}
case("brevo", "delivered", brevo, BREVO, state="delivered")
case("brevo", "several at once", [changed(brevo, event="request"), brevo], BREVO, state="delivered")
case("brevo", "by its reference", changed(brevo, **{"X-Mailin-custom": "", "message-id": "<the-reference>"}), BREVO,
     state="delivered")
for reason, suppressed in [("550 5.1.1 no such user", True), ("550-no such user", True), ("554 5.7.1 spam", False),
                           ("550 5.7.1 blocked", False)]:
    case("brevo", f"hard bounce: {reason}", changed(brevo, event="hard_bounce", reason=reason), BREVO, state="bounced",
         suppressed=suppressed)
for kind, state, suppressed in [("hard_bounce", "bounced", False), ("invalid_email", "bounced", True),
                                ("soft_bounce", "bounced", False), ("deferred", "deferred", False),
                                ("blocked", "rejected", False), ("error", "rejected", False),
                                ("spam", "complained", True), ("opened", None, False)]:
    case("brevo", kind, changed(brevo, event=kind, reason="why"), BREVO, state=state, suppressed=suppressed)
case("brevo", "no token", brevo, status=401)
case("brevo", "wrong token", brevo, {"Authorization": "Bearer brevo-token-0123456780"}, status=401)
case("brevo", "no event", {"email": "ann@example.com"}, BREVO, status=400)
case("brevo", "no JSON", "nonsense", BREVO, status=400)

# --- SES through SNS ----------------------------------------------------------------------------
ses_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
CERTIFICATE = (
    x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(ses_key.public_key())
    .serial_number(x509.random_serial_number()).not_valid_before(datetime.datetime(2026, 1, 1))
    .not_valid_after(datetime.datetime(2036, 1, 1)).sign(ses_key, hashes.SHA256())
    .public_bytes(serialization.Encoding.PEM).decode())


def identity_of(body):
    return "22b80b92-fdea-4c2c-8f9d-" + hashlib.sha256(body.encode()).hexdigest()[:12]


def when(at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def sns(inner, key=ses_key, version="1", at=NOW, kind="Notification", sent=None, **other):
    document = {"Type": kind, "MessageId": identity_of(text(inner) + version), "TopicArn": TOPIC,
                "Message": text(inner), "Timestamp": when(at), "SignatureVersion": version,
                "SigningCertURL": CERTIFICATE_URL}
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if kind != "Notification":
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        document |= {"Token": "2336412f37fb687f5d51e6e241d09c80", "SubscribeURL": "https://evil.example/confirm"}
    document |= other
    signed = "".join(f"{name}\n{document[name]}\n" for name in names if name in document)
    digest = hashes.SHA1() if version == "1" else hashes.SHA256()
    document["Signature"] = base64.b64encode(key.sign(signed.encode(), padding.PKCS1v15(), digest)).decode()
    return document | (sent or {})


def ses(**other):
    return {"eventType": "Delivery", "mail": {
        "timestamp": "2027-01-15T08:00:00.000Z", "source": "login@example.com", "sendingAccountId": "123456789012",
        "messageId": "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000",
        "destination": ["ann@example.com"], "headersTruncated": False,
        "commonHeaders": {"from": ["login@example.com"], "to": ["ann@example.com"],
                          "messageId": "EXAMPLE7c191be45", "subject": "Sign in"},
        "tags": {"ses:configuration-set": ["linkgate"], "linkgate_mail": [MAIL]}}, **other}


delivery = ses(delivery={"timestamp": "2027-01-15T08:00:00.000Z", "processingTimeMillis": 3183,
                         "recipients": ["ann@example.com"], "smtpResponse": "250 2.6.0 Message received"})
ses_bounce = ses(eventType="Bounce", bounce={"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [
    {"emailAddress": "ann@example.com", "action": "failed", "status": "5.1.1",
     "diagnosticCode": "smtp; 550 5.1.1 user unknown"}], "feedbackId": "x"})
transient = ses(eventType="Bounce", bounce={"bounceType": "Transient", "bounceSubType": "MailboxFull",
                                            "bouncedRecipients": [{"emailAddress": "ann@example.com"}]})
older = ses(notificationType="Delivery")
del older["eventType"]
elsewhere = ses()
elsewhere["mail"] |= {"tags": {}, "messageId": "the-reference"}
case("ses", "delivery", sns(delivery), state="delivered", words="250 2.6.0 Message received")
case("ses", "delivery, signed with SHA-256", sns(delivery, version="2"), state="delivered")
case("ses", "with a subject", sns(delivery, Subject="Amazon SES Email Event Notification"), state="delivered")
case("ses", "without a configuration set", sns(older), state="delivered")
case("ses", "by its reference", sns(elsewhere), state="delivered")
case("ses", "permanent bounce", sns(ses_bounce), state="bounced", suppressed=True, words="smtp; 550 5.1.1 user unknown")
case("ses", "transient bounce", sns(transient), state="bounced")


def permanent(kind, **recipient):
    return sns(ses(eventType="Bounce", bounce={"bounceType": "Permanent", "bounceSubType": kind, "feedbackId": "x",
                                               "bouncedRecipients": [{"emailAddress": "ann@example.com", **recipient}]}))


case("ses", "no mailbox", permanent("NoEmail"), state="bounced", suppressed=True)
case("ses", "bounce because of us", permanent("General", status="5.7.1", diagnosticCode="smtp; 550 5.7.1 blocked"),
     state="bounced")
case("ses", "bounce with words alone", permanent("General", diagnosticCode="smtp; 550 no such user"), state="bounced",
     suppressed=True)
case("ses", "bounce, and nobody says why", permanent("General"), state="bounced")
case("ses", "on its list", permanent("OnAccountSuppressionList"), state="rejected")
case("ses", "on the list of all", permanent("Suppressed"), state="rejected")
case("ses", "delay", sns(ses(eventType="DeliveryDelay")), state="deferred")
case("ses", "complaint", sns(ses(eventType="Complaint", complaint={"complainedRecipients": []})), state="complained",
     suppressed=True)
case("ses", "reject", sns(ses(eventType="Reject", reject={"reason": "Bad content"})), state="rejected", words="Bad content")
case("ses", "open", sns(ses(eventType="Open")))
case("ses", "hello in plain words", sns("Successfully validated SNS topic for Amazon SES event publishing."))
case("ses", "a subscription", sns("You have chosen to subscribe", kind="SubscriptionConfirmation"))
case("ses", "another topic", sns(delivery, TopicArn=TOPIC + "x"), status=403)
case("ses", "subscription of another topic", sns("x", kind="SubscriptionConfirmation", TopicArn=TOPIC + "x"), status=403)
case("ses", "subscription, changed after it was signed", sns("x", kind="SubscriptionConfirmation", sent={"Token": "y"}),
     status=403)
case("ses", "another key", sns(delivery, key=rsa.generate_private_key(public_exponent=65537, key_size=2048)), status=403)
case("ses", "changed after it was signed", sns(delivery, sent={"Message": text(ses_bounce)}), status=403)
case("ses", "another version of the signature", sns(delivery, sent={"SignatureVersion": "2"}), status=403)
case("ses", "unknown version of the signature", sns(delivery, sent={"SignatureVersion": "3"}), status=400)
case("ses", "six minutes old, as when it is tried again", sns(delivery, at=NOW - 360), state="delivered",
     words="250 2.6.0 Message received")
case("ses", "unknown type", sns(delivery, kind="Notification", sent={"Type": "Other"}), status=400)
case("ses", "signed nonsense", sns("{}"))
case("ses", "no JSON", "x", status=400)
HOST = "sns.eu-central-1.amazonaws.com"
for url in [CERTIFICATE_URL.replace("https", "http"), "https://evil.example/SimpleNotificationService-0123abcd.pem",
            f"https://{HOST}.evil.example/SimpleNotificationService-0123abcd.pem",
            f"https://{HOST}@evil.example/SimpleNotificationService-0123abcd.pem",
            f"https://{HOST}:8443/SimpleNotificationService-0123abcd.pem",
            f"https://{HOST}/x/SimpleNotificationService-0123abcd.pem",
            f"https://{HOST}/SimpleNotificationService-../x.pem", f"https://{HOST}/SimpleNotificationService-.pem",
            f"https://{HOST}/SimpleNotificationService-0123abcd.pem?x=.pem",
            "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123abcd.pem",
            "https://s3.eu-central-1.amazonaws.com/SimpleNotificationService-0123abcd.pem",
            "https://127.0.0.1/SimpleNotificationService-0123abcd.pem", "file:///etc/passwd", ""]:
    case("ses", f"certificate at {url}", sns(delivery, sent={"SigningCertURL": url}), status=403)
case("ses", "certificate of a file that is not there",
     sns(delivery, sent={"SigningCertURL": CERTIFICATE_URL.replace("0123", "9999")}), status=503)

# --- nobody -------------------------------------------------------------------------------------
for provider in ["", "mandrill", "Postmark", "postmark/x", "..%2Fpostmark"]:
    case(provider, "no such provider", postmark, POSTMARK, status=404)

keys = {"postmark": ["postmark", "postmark-password"], "mailgun": MAILGUN_KEY, "sendgrid": SENDGRID_PUBLIC,
        "resend": RESEND_SECRET, "brevo": "brevo-token-0123456789", "topic": TOPIC, "certificate": CERTIFICATE}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases.json"), "w") as out:
    json.dump({"now": NOW, "mail": MAIL, "keys": keys, "cases": cases}, out, ensure_ascii=False, indent=1)
    out.write("\n")
print(len(cases), "cases")
