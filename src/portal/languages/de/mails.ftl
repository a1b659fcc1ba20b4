# German. The notes for translators and the meaning of all names in braces are in ../en/mails.ftl.
# Programs look for the code right after “Der Code lautet”: these words have to stay at the end.

## On pages, too

device = { $browser } auf { $system }

device-unknown-on = Unbekannter Browser auf { $system }

device-unknown = Unbekannter Browser

## The e-mail that signs in

mail-subject = Bei { $host } anmelden ({ $time })

mail-title = Bei { $host } anmelden

mail-preview = Gilt einmal und nur bis { $until }. Sie haben das nicht angefordert? Dann tun Sie nichts.

mail-open = Öffnen Sie diesen Link in dem Browser, in dem Sie begonnen haben. Er gilt einmal und nur bis { $until }.

mail-button = Anmelden

mail-or-code = Oder gehen Sie zurück zu diesem Browser und geben Sie den Code ein. Der Code lautet

mail-only-code = Gehen Sie zurück zu dem Browser, in dem Sie begonnen haben, und geben Sie den Code ein. Er gilt einmal und nur bis { $until }. Der Code lautet

mail-asked = Angefordert
mail-site = Website
mail-page = Seite
mail-browser = Browser
mail-network = Netzwerk

mail-copy = Die Schaltfläche funktioniert nicht? Kopieren Sie diesen Link in den Browser, in dem Sie begonnen haben:

mail-not-me = Sie haben das nicht angefordert? Dann tun Sie nichts: Ohne diese E-Mail kann sich niemand anmelden.

mail-report = Anfrage beenden und uns informieren

mail-report-open = Um die Anfrage zu beenden und uns zu informieren, öffnen Sie diese Seite:

mail-operator = Gesendet für { $operator }.

mail-help = Hilfe:

mail-password-subject = Passwort für { $host } wählen ({ $time })

mail-password-title = Passwort für { $host } wählen

mail-password-preview = Gilt einmal und nur bis { $until }. Sie haben das nicht angefordert? Dann tun Sie nichts.

mail-password-open = Dieser Link führt zu der Seite, auf der Sie ein Passwort wählen. Er gilt einmal und nur bis { $until }.

mail-password-button = Passwort wählen

mail-password-or-code = Oder geben Sie diesen Code mit Ihrem neuen Passwort in dem Browser ein, in dem Sie diese E-Mail angefordert haben. Der Code lautet

mail-password-only-code = Gehen Sie zurück zu dem Browser, in dem Sie diese E-Mail angefordert haben, und geben Sie den Code zusammen mit Ihrem neuen Passwort ein. Er gilt einmal und nur bis { $until }. Der Code lautet

mail-password-not-me = Sie haben das nicht angefordert? Dann tun Sie nichts: Es wird kein Passwort gesetzt. Wer Sie nach dem Code fragt, gehört nicht zu uns.

## The e-mail after a sign-in with a browser that was not used before

new-device-subject = Neue Anmeldung bei { $host } ({ $time })

new-device-title = Neue Anmeldung bei { $host }

new-device-preview = Ein Browser, der bisher nicht verwendet wurde, ist mit Ihrer Adresse angemeldet.

new-device-text = Ein Browser, der bisher nicht verwendet wurde, ist mit Ihrer Adresse angemeldet.

new-device-signed-in = Angemeldet

new-device-me = Waren Sie das? Dann müssen Sie nichts tun.

new-device-not-me = Waren Sie das nicht? Dann beenden Sie diese Sitzung jetzt und prüfen Sie, wer Ihre E-Mails lesen kann.

new-device-end = Diese Sitzung beenden

new-device-end-open = Um diese Sitzung zu beenden, öffnen Sie diese Seite:
