# The words of all pages. One message is one sentence or one paragraph; nothing is put together
# from pieces, so every language is free in its order of words.
#
# For translators:
# * Address the reader politely and shortly. Say what happened, then what to do. No exclamation
#   marks. Short words: many readers are in a hurry or do not read well.
# * Every page must also fit a narrow telephone: buttons of more than 30 characters break the line.
# * Names in braces stand for values; each comment says which. They may be moved, never left out.
# * The same word must be used for the same thing on all pages and in the mails: "link", "code",
#   "e-mail" (what arrives), "address" (where it is sent), "sign in", "sign out", "site".
# * Nothing may say, or let a reader guess, whether an address is known here.

## Dates and times

month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December

# A clock time in Coordinated Universal Time. $time: 14:03, or 14:03:30.
clock-zone = { $time } UTC

# A date with a clock time. $day: 22; $month: one of the months above; $year: 2026;
# $clock: the clock time with its zone, as above.
moment = { $day } { $month } { $year }, { $clock }

# Stands in place of a clock time, where the clock of the reader differs from UTC.
# $utc: the time as above; $own: the same time by the reader's own clock.
clock-own = { $utc } ({ $own } your time)

## On every page

# The title of a page (in the browser's tab) on which a field was filled in wrongly.
# $title: the title of the page.
error-prefix = Error: { $title }

# $reference: letters and digits that find this event in the log; $at: date and time.
page-reference = Reference { $reference }, { $at }. Quote it when you ask for help.

page-why = Why am I seeing this page?

# $site: name of the site.
page-why-answer = { $site } is open only to people it knows. To show who you are, you prove that you can read e-mail at your address. There is no password: each e-mail signs you in once.

# For sites that accept passwords. $site: name of the site.
page-why-answer-password = { $site } is open only to people it knows. To show who you are, enter your password, or prove that you can read e-mail at your address.

# $operator: name of the company or person that runs the site.
page-operator = Run by { $operator }.

page-help = Get help

# Name of the list of languages, for screen readers.
page-language = Language

## A field for an address

address-missing = Enter your e-mail address.

# $example: an address that shows the form, name@example.com.
address-malformed = This is not a complete address. An address looks like { $example }.

address-several = Enter one address only.

# $marks: the marks that are allowed, “. _ + -”.
address-unsupported = This kind of address cannot be used here. Use one with only plain letters, digits and { $marks } before the @.

address-too-long = This address is too long. An address has at most 254 characters.

address-mismatch = The e-mail was not sent to this address. Enter the address that received it.

## Sign in: the form

# Title and heading. $site: name of the site.
sign-in-title = Sign in to { $site }

# For sites whose e-mails hold a link. $destination: host and path of the page that opens afterwards.
sign-in-intro-link = Enter your e-mail address and we will send you a link. It takes you to { $destination }.

# For sites whose e-mails hold a code and no link. $destination: as above.
sign-in-intro-code = Enter your e-mail address and we will send you a code. It takes you to { $destination }.

sign-in-email = Your e-mail address

# Box to tick.
sign-in-remember = Remember my address on this device

# Link beside an address that was remembered.
sign-in-not-you = Not you? Use another address

# Buttons.
sign-in-send-link = Send me a link
sign-in-send-code = Send me a code

# For sites that accept passwords. $destination: as above.
sign-in-intro-password = Sign in with your password, or by e-mail without one. This takes you to { $destination }.

# Label of the field.
sign-in-password = Your password

# Buttons. The second and the third sign in by e-mail.
sign-in-with-password = Sign in

sign-in-link-instead = Send me a link instead

sign-in-code-instead = Send me a code instead

# Link to the page where a password is chosen. The second is for sites where everybody may register.
sign-in-choose-password = No password yet, or forgotten? Choose one

sign-in-choose-password-new = New here, or forgotten your password? Choose one

sign-in-session-ended = Your session has ended. Sign in again to go on.

sign-in-form-not-sent = Your session had ended, so the form you sent was not saved. Sign in, then send it again.

sign-in-confirm-again = This page needs a recent sign-in. Please sign in once more.

sign-in-other-address = Enter the address you want to use instead.

# $since: clock time.
sign-in-mail-delayed = Sign-in e-mails have been delayed since { $since }. You can ask for one, but it takes longer than usual. People who are signed in are not affected.

# $since: clock time.
sign-in-mail-down = No sign-in e-mails could be sent since { $since }. You can ask for one all the same: it leaves as soon as that is possible again. People who are signed in are not affected.

# $email: address.
sign-in-already = You are signed in as { $email }. Go on with this address, or enter another one below.

# Button. $email: address.
sign-in-go-on = Go on as { $email }

# Box to tick.
password-show = Show the password

# Errors at the field.
password-missing = Enter your password, or ask for an e-mail below.

# Must not tell whether the address is known.
password-wrong = Address and password do not belong together. Try again, or sign in by e-mail.

# $least: number of characters, 8 or more.
password-too-short = Use at least { $least } characters.

# $most: number of characters.
password-too-long = Use at most { $most } characters.

password-guessable = This password is easy to guess. Use a few words that have nothing to do with each other.

# The page that asks for the e-mail with which a password is chosen: the first one, or another one.
ask-password-title = Choose a password

# For sites whose e-mails hold a link and a code.
ask-password-link = We will send you an e-mail. Its link leads to the page where you choose the password.

# For sites whose e-mails hold a code and no link.
ask-password-code = We will send you an e-mail with a code. You enter it together with the password that you choose.

# Button.
ask-password-send = Send me the e-mail

# The page where it is chosen, once the e-mail is answered.
choose-password-title = Choose your password

# $email: address; $site: name of the site.
choose-password-text = For { $email } at { $site }. You will be signed in as well.

# Nothing was typed.
choose-password-missing = Enter the password that you want to have.

# Button.
choose-password-set = Set the password

# Label of the field.
choose-password-new = New password

# $least: number of characters, 8 or more.
choose-password-rule = At least { $least } characters. A few words that have nothing to do with each other do well.

# Link back to the form, and button beside the field for the password.
choose-password-without = Sign in without a new password

## Check your mail: the page that waits

check-mail-title = Check your mail

# For sites whose e-mails hold a link and a code. $email: address; $site: name of the site.
check-mail-intro-link = If { $email } may sign in to { $site }, an e-mail is on its way. Open its link in this browser, or enter its code here.

# For sites whose e-mails hold a code and no link. $email: address; $site: name of the site.
check-mail-intro-code = If { $email } may sign in to { $site }, an e-mail with a code is on its way. Enter the code here.

# The same two for an e-mail with which a password is chosen.
check-mail-password-link = If { $email } may sign in to { $site }, an e-mail is on its way. Open its link, or enter its code and your new password here.

check-mail-password-code = If { $email } may sign in to { $site }, an e-mail with a code is on its way. Enter the code and your new password here.

check-mail-sent-again = We sent a new e-mail. Only the newest one works.

check-mail-not-yet = This browser is not signed in yet. Open the link in this browser, or enter the code from the e-mail.

# $suggestion: an address that looks like the one that was typed, without its likely mistake.
check-mail-suggestion = Did you mean { $suggestion }?

# Button. $suggestion: as above.
check-mail-suggestion-use = Use { $suggestion }

check-mail-code = Code from the e-mail

check-mail-code-missing = Enter the code from the e-mail.

# $example: a code that shows the form, WDJB-MJHT.
check-mail-code-malformed = A code has 8 letters, like { $example }. Copy it from the newest e-mail.

# $left: number of tries that are left, at least 1.
check-mail-code-wrong = { $left ->
    [one] This is not the code from the newest e-mail. You have { $left } try left.
   *[other] This is not the code from the newest e-mail. You have { $left } tries left.
}

# Button that sends the code.
check-mail-sign-in = Sign in

# Button for people who opened the link in another tab of this browser.
check-mail-continue = I opened the link: continue

# Button that opens the mailbox. $name: name of the service, as in “Gmail”.
check-mail-open = Open { $name } in a new tab

# Heading of the facts that follow.
check-mail-facts = The e-mail to look for

check-mail-from = From
check-mail-subject = Subject
check-mail-asked = Asked for
check-mail-until = Works until

check-mail-arrives = It should arrive within a minute.

# $since: clock time.
check-mail-delayed = E-mails have been taking longer than usual since { $since }. You need not do anything: we keep trying.

# $since: clock time.
check-mail-down = No e-mails could be sent since { $since }. We keep trying while this request works. If it ends first, ask for a new one later.

# As check-mail-delayed, where the time is not known.
check-mail-slow = This takes longer than usual. You need not do anything: we keep trying.

# Heading.
check-mail-nothing = Nothing arrived?

check-mail-spam = Look in the spam folder, and check that the address above is right.

# $at: clock time with seconds.
check-mail-resend-at = You can ask for a new e-mail at { $at }.

check-mail-resend-ready = You can ask for a new e-mail now.

# Buttons. $seconds: number of seconds that one has to wait; “s” is the sign for seconds, after a
# blank that does not break.
check-mail-resend = Send a new e-mail
check-mail-resend-wait = Send a new e-mail ({ $seconds } s)

# Link back to the form; also on the page that says that a request has ended.
check-mail-other-address = Use another address

## What ends a request

request-ended-title = This request has ended

# $email: address; $at: clock time.
request-ended-text = The e-mail to { $email } worked until { $at }.

# A code was entered too late. $email: address; $at: clock time.
request-ended-code = The code came too late. The e-mail to { $email } worked until { $at }.

request-ended-do = A new e-mail takes you to the same page.

# Button. $email: address.
request-ended-send = Send a new e-mail to { $email }

code-used-up-title = Too many wrong codes

# $email: address.
code-used-up-text = To keep your account safe, the code for { $email } no longer works.

code-used-up-link = The link in the e-mail still works: open it in this browser. Or ask for a new e-mail with a new code.

code-used-up-new = Ask for a new e-mail with a new code.

# Button.
code-used-up-send = Send a new e-mail

rate-limited-title = Too many requests

# $at: clock time; $minutes: number of minutes until then, at least 1.
rate-limited-text = { $minutes ->
    [one] For safety, only a few requests are answered in a row. Try again at { $at } (in { $minutes } minute).
   *[other] For safety, only a few requests are answered in a row. Try again at { $at } (in { $minutes } minutes).
}

rate-limited-pending = The last e-mail still works: you can enter its code.

# Buttons.
rate-limited-code = Enter the code
rate-limited-again = Try again

## The link, opened in another browser

link-elsewhere-title = Sign in on this device?

# Title for sites that allow only the code in another browser.
link-elsewhere-title-code = Go back to where you started

link-elsewhere-in-app = This is your mail app’s own browser. To be signed in elsewhere, enter the code from the e-mail there.

link-elsewhere-text = Someone, probably you, asked for this link in another browser. Opening it here has changed nothing.

link-elsewhere-site = Site
link-elsewhere-asked = Asked for
link-elsewhere-browser = Asked in
link-elsewhere-until = Works until

link-elsewhere-email = The address the e-mail was sent to

# Button.
link-elsewhere-sign-in = Sign in on this device

link-elsewhere-or-code = Or go back to the window where you started and enter the code from the e-mail.

link-elsewhere-code-only = Enter the code from the e-mail in the window where you started. To sign in on this device, start here again.

# Button.
link-elsewhere-start = Start on this device

link-elsewhere-not-me = You did not ask for it? Close this page. Nobody is signed in.

## A link that works no more

link-expired-title = This link has expired

# $at: clock time.
link-expired-text = It worked until { $at }. For your safety, a link works only for a short time.

link-used-title = This link was used

# $at: clock time.
link-used-text = Someone signed in with it at { $at }. A link works only once. If that was not you, tell the people who run this site.

link-replaced-title = There is a newer e-mail

# $at: clock time.
link-replaced-text = A newer e-mail was sent at { $at }, and only the newest one works. Look for it first.

link-gone-do = A fresh link takes you to the same page.

# Button. $email: address, with stars for most of it: a***@example.com.
link-gone-send = Send a fresh link to { $email }

link-unknown-title = This link does not work

link-unknown-text = We do not know this link. It may be very old, or your mail program cut it at the end of a line.

link-unknown-do = Copy the whole link from the e-mail into the address bar, or start again.

# Button.
link-unknown-start = Start again

## “I did not ask for this”

report-title = Did you not ask for this?

report-text = Someone asked for a sign-in e-mail to your address. Nobody can sign in without that e-mail, so you need not do anything.

report-site = Site
report-asked = Asked for
report-browser = Asked in

report-do = You can end the request. The link and the code then stop working, and for 24 hours nobody can ask for e-mails to your address from the network this one was asked from.

report-email = The address that received the e-mail

# Button.
report-end = End this request

report-done-title = The request has ended

report-done-text = Thank you. The link and the code in that e-mail no longer work. For 24 hours, no sign-in e-mails are sent to your address when they are asked for from that network.

report-done-do = You can delete the e-mail and close this page.

## Signed in

signed-in-title = You are signed in

# $destination: host and path that come next.
signed-in-text = Now comes { $destination }.

# Link, for browsers that do not go there by themselves.
signed-in-continue = Continue

## A new account

welcome-title = Your account is ready
welcome-text = What should you be called here? You can leave this empty.

# Label of the field.
welcome-name = Name

welcome-problem = Use 1 to 60 ordinary characters.

# Button.
welcome-go-on = Continue

## Sign out

sign-out-title = Sign out?

# $email: address.
sign-out-text = You are signed in as { $email }.

sign-out-nobody = Signing out ends the session on this device.

# Buttons.
sign-out-here = Sign out on this device
sign-out-everywhere = Sign out on all devices
sign-out-stay = Stay signed in

signed-out-title = You are signed out

# $site: name of the site.
signed-out-here = Your session at { $site } has ended on this device.

signed-out-everywhere = Your sessions have ended on all devices.

# Button.
signed-out-again = Sign in again

## No access

forbidden-title = No access

# $email: address; $destination: host and path.
forbidden-text = You are signed in as { $email }, which has no access to { $destination }.

forbidden-do = If you have another address that may open it, sign in with that one.

# Button.
forbidden-switch = Sign out and use another address

# Link that begins an e-mail to the people who help.
forbidden-ask = Ask for access by e-mail

# Subject of that e-mail. $email: address; $destination: host and path.
forbidden-ask-subject = Access to { $destination } for { $email }

# Heading of a list of sites.
forbidden-sites = You can open

## Your account

account-title = Your account

# $email: address.
account-text = You are signed in as { $email }.

account-groups = Groups

account-ended-one = That device is signed out.
account-ended-others = All other devices are signed out.

# Heading of the list of devices.
account-devices = Where you are signed in

# Mark at the device that is in use.
account-this = This device

# $at: date and time; $host: host of the site, as in wiki.example.com; $network: part of a network
# address, as in 203.0.113.0/24.
account-signed-in = Signed in { $at } at { $host }, from network { $network }.

# $at: date and time.
account-last-seen = Last used { $at }.

# $at: date and time.
account-expires = Ends { $at }, or earlier when not used.

# Below a list that was cut. $count: how many are listed.
account-part = Only the { $count } sessions used last are listed here.

# Heading.
account-password = Password

# $at: date and time.
account-password-set = Set { $at }.

account-password-none = You have none and sign in by e-mail.

# Links.
account-password-change = Choose another one

account-password-choose = Choose a password

# Button.
account-password-remove = Remove the password

account-password-removed = Your password is removed. You sign in by e-mail.

# Button beside one device.
account-end = Sign out

# The same button for screen readers; has to begin with the same words. $device: browser and system,
# as in “Firefox on Windows”.
account-end-device = Sign out { $device }

# Buttons.
account-end-others = Sign out all other devices
account-sign-out = Sign out on this device

# Link. $site: name of the site.
account-go = Go to { $site }

## Errors. Each has a title, a text that says what happened, and a text that says what to do.

notice-misdirected-title = No such site here
notice-misdirected-text = The address in your browser does not belong to a site that is served here.
notice-misdirected-do = Check the address for typing mistakes. If it is right, tell the people who run the site.

# The page lies with another server, which asks this one who may open it.
notice-no-application-title = The application is not reached this way
notice-no-application-text = You may open this page, but this server does not hold it.
notice-no-application-do = Go to the address of the site as you were given it. If this page comes again, tell the people who run the site.

notice-bad-request-title = This request cannot be read
notice-bad-request-text = The address or the data your browser sent is damaged, so nothing was done.
notice-bad-request-do = Check the address, or go to the start page.

notice-not-found-title = Page not found
notice-not-found-text = There is no sign-in page at this address.
notice-not-found-do = Check the address, or go to the start page.

notice-method-not-allowed-title = This cannot be done here
notice-method-not-allowed-text = Your browser asked in a way this page does not understand, so nothing was done.
notice-method-not-allowed-do = Go to the start page and try from there.

notice-too-large-title = Too much was sent
notice-too-large-text = What your browser sent is larger than this page accepts, so nothing was done.
notice-too-large-do = Go back and send less.

notice-unsupported-title = This kind of data is not accepted
notice-unsupported-text = This page accepts only its own form, so nothing was done.
notice-unsupported-do = If you wanted to sign in, start here.

notice-cross-site-title = The form came from elsewhere
notice-cross-site-text = Another website tried to send this form for you. For your safety, nothing was done.
notice-cross-site-do = If you wanted to sign in, start here.

# Nobody can sign in for now, because the people who run the site have switched it off.
notice-sign-in-closed-title = Sign-in is closed at the moment
notice-sign-in-closed-text = The people who run this site have switched sign-in off for now. Nobody who is signed in is affected.
notice-sign-in-closed-do = Try again later, or ask them when it will be open.

# The rules let nobody pass here, signed in or not.
notice-closed-title = This page is closed
notice-closed-text = The people who run this site let nobody open this page. Signing in would not change that.
notice-closed-do = Go to the start page. If you think this is a mistake, tell the people who run the site.

notice-upstream-down-title = The application does not answer
notice-upstream-down-text = The application behind this page does not answer. You are not signed out, and nothing is lost that was saved before.
notice-upstream-down-do = Wait a moment, then try again.

notice-upstream-slow-title = The application takes too long
notice-upstream-slow-text = The application behind this page does not answer in time. You are not signed out. What you sent last may or may not have arrived.
notice-upstream-slow-do = Wait a moment, then try again.

# Buttons of the errors above.
notice-start = Go to the start page
notice-sign-in = Go to sign-in
notice-again = Try again

## When nothing else works. These stand in pages that are made at the start, so they hold no values.

last-resort-store-title = Sign-in is not available right now
last-resort-store-text = A part of this service is out of order. Your session is kept, and nothing you did is lost.
last-resort-store-do = Please try again in a minute.

last-resort-internal-title = Something went wrong
last-resort-internal-text = This is a fault on our side, and it has been recorded.
last-resort-internal-do = Please try again. If it happens again, tell the people who run this site, and quote the reference.

# Button.
last-resort-again = Try again

## The inbox for development. Its readers are programmers.

inbox-title = Development inbox
inbox-text = For development: every e-mail that linkgate would send arrives here.
inbox-empty = Nothing here yet. Ask for a sign-in link, then reload this page.
inbox-list = E-mails
inbox-choose = Choose an e-mail.
inbox-from = From
inbox-to = To
inbox-date = Date

# Name of the frame that shows the e-mail, for screen readers.
inbox-frame = The e-mail as HTML

# Heading.
inbox-text-part = As text

# Link. “.eml” is a kind of file.
inbox-save = Save as .eml

## The demo application. Its readers are people who try linkgate for the first time.

demo-title = Demo application
demo-signed-in = You are in
demo-public = This page is public
demo-text = This is the demo application. It knows nothing about signing in; it shows what it received.

# $email: address.
demo-email = linkgate says that you are { $email }.

# Heading, then two names in a table of what a browser sent.
demo-request = The request
demo-method = Method
demo-path = Path

# Buttons.
demo-account = Your account
demo-sign-out = Sign out
demo-sign-in = Sign in
