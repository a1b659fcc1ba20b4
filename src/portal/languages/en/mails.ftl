# The words of the e-mails. The notes for translators in pages.ftl hold here, too, and one more:
# programs read these e-mails. A message that ends with "the code is" must end with words that mean
# just that, because the code follows on the next line and mail apps look for it there.

## On pages, too

# A browser. $browser: its name, as in “Firefox”; $system: as in “Windows”.
device = { $browser } on { $system }

# A browser whose name is not known, on a known system. $system: as above.
device-unknown-on = An unknown browser on { $system }

# A browser of which nothing is known.
device-unknown = An unknown browser

## The e-mail that signs in

# $host: host of the site, as in wiki.example.com; $time: clock time.
mail-subject = Sign in to { $host } ({ $time })

# Heading. $host: as above.
mail-title = Sign in to { $host }

# Shown in lists of e-mails, after the subject. $until: clock time.
mail-preview = It works once, until { $until }. You did not ask? Then do nothing.

# $until: clock time.
mail-open = Open this link in the browser where you started. It works once, until { $until }.

# Button.
mail-button = Sign in

# The code follows.
mail-or-code = Or go back to that browser and enter the code. The code is

# For e-mails without a link; the code follows. $until: clock time.
mail-only-code = Go back to the browser where you started and enter the code. It works once, until { $until }. The code is

# Facts about the request; short words in a table.
mail-asked = Asked for
mail-site = Site
mail-page = Page
mail-browser = Browser
mail-network = Network

# The link follows.
mail-copy = The button does nothing? Copy this link into the browser where you started:

mail-not-me = You did not ask for this? Then do nothing: nobody can sign in without this e-mail.

# Link to a page.
mail-report = End the request and let us know

# In the e-mail as text, where the address of that page follows.
mail-report-open = To end the request and let us know, open this page:

# $operator: name of the company or person that runs the site.
mail-operator = Sent for { $operator }.

# A link or address where help is found follows.
mail-help = Help:

# The e-mail with which a password is chosen: in place of the texts above. $host, $time: as above.
mail-password-subject = Choose a password for { $host } ({ $time })

mail-password-title = Choose a password for { $host }

# $until: clock time.
mail-password-preview = It works once, until { $until }. You did not ask for this? Then do nothing.

# $until: clock time.
mail-password-open = This link leads to the page where you choose a password. It works once, until { $until }.

# Button.
mail-password-button = Choose a password

# The code follows.
mail-password-or-code = Or enter this code, with your new password, in the browser where you asked for this e-mail. The code is

# The code follows. $until: clock time.
mail-password-only-code = Go back to the browser where you asked for this e-mail, and enter the code together with your new password. It works once, until { $until }. The code is

mail-password-not-me = You did not ask for this? Then do nothing: no password is set. Nobody who asks you for the code is one of us.

## The e-mail after a sign-in with a browser that was not used before

# $host: host of the site; $time: clock time.
new-device-subject = New sign-in to { $host } ({ $time })

# Heading. $host: host of the site.
new-device-title = New sign-in to { $host }

# Shown in lists of e-mails, after the subject.
new-device-preview = A browser that was not used before is signed in with your address.

new-device-text = A browser that was not used before is signed in with your address.

# A fact, short.
new-device-signed-in = Signed in

new-device-me = Was it you? Then you need not do anything.

new-device-not-me = It was not you? Then end that session now, and check who can read your e-mail.

# Button.
new-device-end = End that session

# In the e-mail as text, where the address of a page follows.
new-device-end-open = To end that session, open this page:
