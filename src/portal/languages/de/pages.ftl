# German. The notes for translators and the meaning of all names in braces are in ../en/pages.ftl.
# Words: E-Mail, Adresse, Link, Code, Website, Gerät, Sitzung, Anfrage; anmelden, abmelden,
# anfordern; “works” is “gültig” or “gilt”; “the people who run the site” are “die Verantwortlichen”.

## Dates and times

month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember

clock-zone = { $time } UTC

moment = { $day }. { $month } { $year }, { $clock }

clock-own = { $utc } (bei Ihnen { $own })

## On every page

error-prefix = Fehler: { $title }

page-reference = Referenz { $reference }, { $at }. Geben Sie sie an, wenn Sie um Hilfe bitten.

page-why = Warum sehe ich diese Seite?

page-why-answer = { $site } steht nur Personen offen, die dort bekannt sind. Um zu zeigen, wer Sie sind, weisen Sie nach, dass Sie E-Mails an Ihre Adresse lesen können. Ein Passwort gibt es nicht: Jede E-Mail meldet Sie einmal an.

page-why-answer-password = { $site } ist nur für bekannte Personen zugänglich. Um zu zeigen, wer Sie sind, geben Sie Ihr Passwort ein oder weisen Sie nach, dass Sie E-Mails an Ihre Adresse lesen können.

page-operator = Betrieben von { $operator }.

page-help = Hilfe erhalten

page-language = Sprache

## A field for an address

address-missing = Geben Sie Ihre E-Mail-Adresse ein.

address-malformed = Diese Adresse ist nicht vollständig. Eine Adresse sieht aus wie { $example }.

address-several = Geben Sie nur eine Adresse ein.

address-unsupported = Diese Art von Adresse kann hier nicht verwendet werden. Verwenden Sie eine, die vor dem @ nur die Buchstaben a bis z, Ziffern und die Zeichen { $marks } enthält.

address-too-long = Diese Adresse ist zu lang. Eine Adresse hat höchstens 254 Zeichen.

address-mismatch = Die E-Mail ging nicht an diese Adresse. Geben Sie die Adresse ein, an die sie ging.

## Sign in: the form

sign-in-title = Bei { $site } anmelden

sign-in-intro-link = Geben Sie Ihre E-Mail-Adresse ein, dann senden wir Ihnen einen Link. Damit gelangen Sie zu { $destination }.

sign-in-intro-code = Geben Sie Ihre E-Mail-Adresse ein, dann senden wir Ihnen einen Code. Damit gelangen Sie zu { $destination }.

sign-in-email = Ihre E-Mail-Adresse

sign-in-remember = Meine Adresse auf diesem Gerät speichern

sign-in-not-you = Sie sind das nicht? Andere Adresse verwenden

sign-in-send-link = Link anfordern
sign-in-send-code = Code anfordern

sign-in-intro-password = Melden Sie sich mit Ihrem Passwort an oder ohne Passwort per E-Mail. Danach folgt { $destination }.

sign-in-password = Ihr Passwort

sign-in-with-password = Anmelden

sign-in-link-instead = Stattdessen einen Link senden

sign-in-code-instead = Stattdessen einen Code senden

sign-in-choose-password = Noch kein Passwort, oder vergessen? Passwort wählen

sign-in-choose-password-new = Neu hier, oder Passwort vergessen? Passwort wählen

sign-in-session-ended = Ihre Sitzung ist beendet. Melden Sie sich wieder an, um weiterzumachen.

sign-in-form-not-sent = Ihre Sitzung war beendet, deshalb wurde Ihr Formular nicht gespeichert. Melden Sie sich an und senden Sie es dann noch einmal.

sign-in-confirm-again = Für diese Seite ist eine neue Anmeldung nötig. Bitte melden Sie sich noch einmal an.

sign-in-other-address = Geben Sie die Adresse ein, die Sie stattdessen verwenden möchten.

sign-in-mail-delayed = Seit { $since } kommen Anmelde-E-Mails verspätet an. Sie können trotzdem eine anfordern, sie braucht nur länger als sonst. Wer bereits angemeldet ist, ist nicht betroffen.

sign-in-mail-down = Seit { $since } können keine Anmelde-E-Mails verschickt werden. Sie können trotzdem eine anfordern: Sie geht hinaus, sobald es wieder möglich ist. Wer bereits angemeldet ist, ist nicht betroffen.

sign-in-already = Sie sind als { $email } angemeldet. Machen Sie mit dieser Adresse weiter oder geben Sie unten eine andere ein.

sign-in-go-on = Weiter als { $email }

password-show = Passwort anzeigen

password-missing = Geben Sie Ihr Passwort ein oder fordern Sie unten eine E-Mail an.

password-wrong = Adresse und Passwort gehören nicht zusammen. Versuchen Sie es noch einmal oder melden Sie sich per E-Mail an.

password-too-short = Verwenden Sie mindestens { $least } Zeichen.

password-too-long = Verwenden Sie höchstens { $most } Zeichen.

password-guessable = Dieses Passwort ist leicht zu erraten. Verwenden Sie einige Wörter, die nichts miteinander zu tun haben.

ask-password-title = Passwort wählen

ask-password-link = Wir senden Ihnen eine E-Mail. Ihr Link führt zu der Seite, auf der Sie das Passwort wählen.

ask-password-code = Wir senden Ihnen eine E-Mail mit einem Code. Sie geben ihn zusammen mit dem Passwort ein, das Sie wählen.

ask-password-send = E-Mail anfordern

choose-password-title = Wählen Sie Ihr Passwort

choose-password-text = Für { $email } bei { $site }. Sie werden zugleich angemeldet.

choose-password-missing = Geben Sie das Passwort ein, das Sie haben möchten.

choose-password-set = Passwort setzen

choose-password-new = Neues Passwort

choose-password-rule = Mindestens { $least } Zeichen. Gut sind einige Wörter, die nichts miteinander zu tun haben.

choose-password-without = Ohne neues Passwort anmelden

## Check your mail: the page that waits

check-mail-title = Prüfen Sie Ihr Postfach

check-mail-intro-link = Falls Sie sich mit { $email } bei { $site } anmelden dürfen, ist eine E-Mail unterwegs. Öffnen Sie den Link aus der E-Mail in diesem Browser oder geben Sie den Code hier ein.

check-mail-intro-code = Falls Sie sich mit { $email } bei { $site } anmelden dürfen, ist eine E-Mail mit einem Code unterwegs. Geben Sie den Code hier ein.

check-mail-password-link = Falls Sie sich mit { $email } bei { $site } anmelden dürfen, ist eine E-Mail unterwegs. Öffnen Sie den Link oder geben Sie hier den Code und Ihr neues Passwort ein.

check-mail-password-code = Falls Sie sich mit { $email } bei { $site } anmelden dürfen, ist eine E-Mail mit einem Code unterwegs. Geben Sie hier den Code und Ihr neues Passwort ein.

check-mail-sent-again = Wir haben eine neue E-Mail gesendet. Nur die neueste ist gültig.

check-mail-not-yet = Dieser Browser ist noch nicht angemeldet. Öffnen Sie den Link in diesem Browser oder geben Sie den Code aus der E-Mail ein.

check-mail-suggestion = Meinten Sie { $suggestion }?

check-mail-suggestion-use = { $suggestion } verwenden

check-mail-code = Code aus der E-Mail

check-mail-code-missing = Geben Sie den Code aus der E-Mail ein.

check-mail-code-malformed = Ein Code hat 8 Buchstaben, zum Beispiel { $example }. Kopieren Sie ihn aus der neuesten E-Mail.

check-mail-code-wrong = { $left ->
    [one] Das ist nicht der Code aus der neuesten E-Mail. Sie haben noch { $left } Versuch.
   *[other] Das ist nicht der Code aus der neuesten E-Mail. Sie haben noch { $left } Versuche.
}

check-mail-sign-in = Anmelden

check-mail-continue = Link ist geöffnet: weiter

check-mail-open = { $name } in neuem Tab öffnen

check-mail-facts = So erkennen Sie die E-Mail

check-mail-from = Von
check-mail-subject = Betreff
check-mail-asked = Angefordert
check-mail-until = Gültig bis

check-mail-arrives = Die E-Mail sollte innerhalb einer Minute ankommen.

check-mail-delayed = Seit { $since } brauchen E-Mails länger als sonst. Sie müssen nichts tun: Wir versuchen es weiter.

check-mail-down = Seit { $since } können keine E-Mails verschickt werden. Wir versuchen es weiter, solange diese Anfrage gilt. Läuft sie vorher ab, fordern Sie später eine neue E-Mail an.

check-mail-slow = Es dauert länger als sonst. Sie müssen nichts tun: Wir versuchen es weiter.

check-mail-nothing = Nichts angekommen?

check-mail-spam = Sehen Sie im Spam-Ordner nach und prüfen Sie, ob die Adresse oben stimmt.

check-mail-resend-at = Ab { $at } können Sie eine neue E-Mail anfordern.

check-mail-resend-ready = Sie können jetzt eine neue E-Mail anfordern.

check-mail-resend = Neue E-Mail anfordern
check-mail-resend-wait = Neue E-Mail anfordern ({ $seconds } s)

check-mail-other-address = Andere Adresse verwenden

## What ends a request

request-ended-title = Diese Anfrage ist beendet

request-ended-text = Die E-Mail an { $email } war bis { $at } gültig.

request-ended-code = Der Code kam zu spät. Die E-Mail an { $email } war bis { $at } gültig.

request-ended-do = Mit einer neuen E-Mail gelangen Sie zur selben Seite.

request-ended-send = Neue E-Mail für { $email } anfordern

code-used-up-title = Zu viele falsche Codes

code-used-up-text = Zum Schutz Ihres Kontos ist der Code für { $email } nicht mehr gültig.

code-used-up-link = Der Link in der E-Mail gilt noch: Öffnen Sie ihn in diesem Browser. Oder fordern Sie eine neue E-Mail mit einem neuen Code an.

code-used-up-new = Fordern Sie eine neue E-Mail mit einem neuen Code an.

code-used-up-send = Neue E-Mail anfordern

rate-limited-title = Zu viele Anfragen

rate-limited-text = { $minutes ->
    [one] Zur Sicherheit werden nur wenige Anfragen hintereinander beantwortet. Versuchen Sie es um { $at } noch einmal (in { $minutes } Minute).
   *[other] Zur Sicherheit werden nur wenige Anfragen hintereinander beantwortet. Versuchen Sie es um { $at } noch einmal (in { $minutes } Minuten).
}

rate-limited-pending = Die letzte E-Mail ist noch gültig: Sie können den Code daraus eingeben.

rate-limited-code = Code eingeben
rate-limited-again = Noch einmal versuchen

## The link, opened in another browser

link-elsewhere-title = Auf diesem Gerät anmelden?

link-elsewhere-title-code = Gehen Sie zurück zum ersten Fenster

link-elsewhere-in-app = Dies ist der eingebaute Browser Ihrer E-Mail-App. Wenn Sie sich in einem anderen Browser anmelden möchten, geben Sie dort den Code aus der E-Mail ein.

link-elsewhere-text = Jemand, vermutlich Sie selbst, hat diesen Link in einem anderen Browser angefordert. Durch das Öffnen hier hat sich nichts geändert.

link-elsewhere-site = Website
link-elsewhere-asked = Angefordert
link-elsewhere-browser = Angefordert in
link-elsewhere-until = Gültig bis

link-elsewhere-email = Die Adresse, an die die E-Mail ging

link-elsewhere-sign-in = Auf diesem Gerät anmelden

link-elsewhere-or-code = Oder gehen Sie zurück zu dem Fenster, in dem Sie begonnen haben, und geben Sie dort den Code aus der E-Mail ein.

link-elsewhere-code-only = Geben Sie den Code aus der E-Mail in dem Fenster ein, in dem Sie begonnen haben. Wenn Sie sich auf diesem Gerät anmelden möchten, beginnen Sie hier von vorn.

link-elsewhere-start = Auf diesem Gerät beginnen

link-elsewhere-not-me = Sie haben das nicht angefordert? Schließen Sie diese Seite. Es ist niemand angemeldet.

## A link that works no more

link-expired-title = Dieser Link ist abgelaufen

link-expired-text = Er war bis { $at } gültig. Zu Ihrer Sicherheit gilt ein Link nur kurze Zeit.

link-used-title = Dieser Link wurde schon verwendet

link-used-text = Um { $at } hat sich jemand damit angemeldet. Ein Link gilt nur einmal. Wenn Sie das nicht waren, informieren Sie die Verantwortlichen dieser Website.

link-replaced-title = Es gibt eine neuere E-Mail

link-replaced-text = Um { $at } wurde eine neuere E-Mail gesendet, und nur die neueste ist gültig. Suchen Sie zuerst nach dieser.

link-gone-do = Mit einem neuen Link gelangen Sie zur selben Seite.

link-gone-send = Neuen Link für { $email } anfordern

link-unknown-title = Dieser Link funktioniert nicht

link-unknown-text = Wir kennen diesen Link nicht. Vielleicht ist er sehr alt, oder Ihr E-Mail-Programm hat ihn am Zeilenende abgeschnitten.

link-unknown-do = Kopieren Sie den ganzen Link aus der E-Mail in die Adresszeile oder beginnen Sie von vorn.

link-unknown-start = Von vorn beginnen

## “I did not ask for this”

report-title = Sie haben das nicht angefordert?

report-text = Jemand hat eine Anmelde-E-Mail an Ihre Adresse angefordert. Ohne diese E-Mail kann sich niemand anmelden, Sie müssen also nichts tun.

report-site = Website
report-asked = Angefordert
report-browser = Angefordert in

report-do = Sie können die Anfrage beenden. Dann sind Link und Code nicht mehr gültig, und aus dem Netzwerk, aus dem die Anfrage kam, kann 24 Stunden lang niemand E-Mails an Ihre Adresse anfordern.

report-email = Die Adresse, an die die E-Mail ging

report-end = Diese Anfrage beenden

report-done-title = Die Anfrage ist beendet

report-done-text = Vielen Dank. Link und Code aus dieser E-Mail sind nicht mehr gültig. In den nächsten 24 Stunden werden keine Anmelde-E-Mails an Ihre Adresse gesendet, wenn sie aus demselben Netzwerk angefordert werden.

report-done-do = Sie können die E-Mail löschen und diese Seite schließen.

## Signed in

signed-in-title = Sie sind angemeldet

signed-in-text = Jetzt kommt { $destination }.

signed-in-continue = Weiter

## A new account

welcome-title = Ihr Konto ist eingerichtet
welcome-text = Wie möchten Sie hier heißen? Sie können das Feld leer lassen.

# Label of the field.
welcome-name = Name

welcome-problem = Verwenden Sie 1 bis 60 gewöhnliche Zeichen.

# Button.
welcome-go-on = Weiter

## Sign out

sign-out-title = Abmelden?

sign-out-text = Sie sind als { $email } angemeldet.

sign-out-nobody = Wenn Sie sich abmelden, endet die Sitzung auf diesem Gerät.

sign-out-here = Auf diesem Gerät abmelden
sign-out-everywhere = Auf allen Geräten abmelden
sign-out-stay = Angemeldet bleiben

signed-out-title = Sie sind abgemeldet

signed-out-here = Ihre Sitzung bei { $site } ist auf diesem Gerät beendet.

signed-out-everywhere = Ihre Sitzungen sind auf allen Geräten beendet.

signed-out-again = Wieder anmelden

## No access

forbidden-title = Kein Zugriff

forbidden-text = Sie sind als { $email } angemeldet. Diese Adresse hat keinen Zugriff auf { $destination }.

forbidden-do = Wenn Sie eine andere Adresse haben, die Zugriff hat, melden Sie sich mit dieser an.

forbidden-switch = Abmelden und Adresse wechseln

forbidden-ask = Zugriff per E-Mail erbitten

forbidden-ask-subject = Zugriff auf { $destination } für { $email }

forbidden-sites = Hier haben Sie Zugriff

## Your account

account-title = Ihr Konto

account-text = Sie sind als { $email } angemeldet.

account-groups = Gruppen

# “That device”: the one whose button was pressed, never the one in use.
account-ended-one = Das gewählte Gerät ist abgemeldet.
account-ended-others = Alle anderen Geräte sind abgemeldet.

account-devices = Wo Sie angemeldet sind

account-this = Dieses Gerät

account-signed-in = Angemeldet am { $at } bei { $host }, aus dem Netzwerk { $network }.

account-last-seen = Zuletzt verwendet am { $at }.

account-expires = Endet am { $at }, ohne Nutzung schon früher.

account-part = Hier stehen nur die { $count } zuletzt verwendeten Sitzungen.

account-password = Passwort

account-password-set = Gesetzt am { $at }.

account-password-none = Sie haben keines und melden sich per E-Mail an.

account-password-change = Anderes Passwort wählen

account-password-choose = Passwort wählen

account-password-remove = Passwort entfernen

account-password-removed = Ihr Passwort ist entfernt. Sie melden sich per E-Mail an.

account-end = Abmelden

account-end-device = Abmelden: { $device }

account-end-others = Alle anderen Geräte abmelden
account-sign-out = Auf diesem Gerät abmelden

account-go = Zu { $site }

## Errors

notice-misdirected-title = Diese Website gibt es hier nicht
notice-misdirected-text = Die Adresse in Ihrem Browser gehört zu keiner Website, die hier betrieben wird.
notice-misdirected-do = Prüfen Sie die Adresse auf Tippfehler. Wenn sie stimmt, informieren Sie die Verantwortlichen der Website.

notice-no-application-title = Auf diesem Weg ist die Anwendung nicht zu erreichen
notice-no-application-text = Sie dürfen diese Seite öffnen, aber sie liegt nicht auf diesem Server.
notice-no-application-do = Rufen Sie die Website unter der Adresse auf, die Ihnen genannt wurde. Wenn diese Seite wieder erscheint, informieren Sie die Verantwortlichen der Website.

notice-bad-request-title = Diese Anfrage ist nicht lesbar
notice-bad-request-text = Die Adresse oder die Daten, die Ihr Browser gesendet hat, sind beschädigt. Deshalb wurde nichts ausgeführt.
notice-bad-request-do = Prüfen Sie die Adresse oder gehen Sie zur Startseite.

notice-not-found-title = Seite nicht gefunden
notice-not-found-text = Unter dieser Adresse gibt es keine Anmeldeseite.
notice-not-found-do = Prüfen Sie die Adresse oder gehen Sie zur Startseite.

notice-method-not-allowed-title = Das ist hier nicht möglich
notice-method-not-allowed-text = Ihr Browser hat eine Art von Anfrage gesendet, die diese Seite nicht versteht. Deshalb wurde nichts ausgeführt.
notice-method-not-allowed-do = Gehen Sie zur Startseite und versuchen Sie es von dort.

notice-too-large-title = Es wurde zu viel gesendet
notice-too-large-text = Ihr Browser hat mehr gesendet, als diese Seite annimmt. Deshalb wurde nichts ausgeführt.
notice-too-large-do = Gehen Sie zurück und senden Sie weniger.

notice-unsupported-title = Diese Art von Daten wird nicht angenommen
notice-unsupported-text = Diese Seite nimmt nur ihr eigenes Formular an. Deshalb wurde nichts ausgeführt.
notice-unsupported-do = Wenn Sie sich anmelden wollten, beginnen Sie hier.

notice-cross-site-title = Das Formular kam von anderswo
notice-cross-site-text = Eine andere Website wollte dieses Formular in Ihrem Namen senden. Zu Ihrer Sicherheit wurde nichts ausgeführt.
notice-cross-site-do = Wenn Sie sich anmelden wollten, beginnen Sie hier.

notice-sign-in-closed-title = Zurzeit ist keine Anmeldung möglich
notice-sign-in-closed-text = Die Verantwortlichen dieser Website haben die Anmeldung vorübergehend abgeschaltet. Wer bereits angemeldet ist, ist nicht betroffen.
notice-sign-in-closed-do = Versuchen Sie es später noch einmal oder fragen Sie die Verantwortlichen, wann die Anmeldung wieder möglich ist.

notice-closed-title = Diese Seite ist geschlossen

notice-closed-text = Die Verantwortlichen dieser Website lassen niemanden auf diese Seite. Daran ändert auch eine Anmeldung nichts.

notice-closed-do = Gehen Sie zur Startseite. Wenn Sie das für einen Irrtum halten, sagen Sie es den Verantwortlichen.

notice-upstream-down-title = Die Anwendung antwortet nicht
notice-upstream-down-text = Die Anwendung hinter dieser Seite antwortet nicht. Sie wurden nicht abgemeldet, und was schon gespeichert war, ist nicht verloren.
notice-upstream-down-do = Warten Sie einen Moment und versuchen Sie es dann noch einmal.

notice-upstream-slow-title = Die Anwendung braucht zu lange
notice-upstream-slow-text = Die Anwendung hinter dieser Seite antwortet nicht rechtzeitig. Sie wurden nicht abgemeldet. Was Sie zuletzt gesendet haben, ist vielleicht angekommen, vielleicht auch nicht.
notice-upstream-slow-do = Warten Sie einen Moment und versuchen Sie es dann noch einmal.

notice-start = Zur Startseite
notice-sign-in = Zur Anmeldung
notice-again = Noch einmal versuchen

## When nothing else works

last-resort-store-title = Die Anmeldung ist gerade nicht verfügbar
last-resort-store-text = Ein Teil dieses Dienstes ist ausgefallen. Ihre Sitzung bleibt erhalten, und nichts, was Sie getan haben, ist verloren.
last-resort-store-do = Bitte versuchen Sie es in einer Minute noch einmal.

last-resort-internal-title = Etwas ist schiefgegangen
last-resort-internal-text = Der Fehler liegt bei uns und wurde aufgezeichnet.
last-resort-internal-do = Bitte versuchen Sie es noch einmal. Wenn es wieder passiert, informieren Sie die Verantwortlichen dieser Website und geben Sie die Referenz an.

last-resort-again = Noch einmal versuchen

## The inbox for development

inbox-title = Posteingang für die Entwicklung
inbox-text = Für die Entwicklung: Jede E-Mail, die linkgate senden würde, kommt hier an.
inbox-empty = Noch nichts da. Fordern Sie einen Anmeldelink an und laden Sie dann diese Seite neu.
inbox-list = E-Mails
inbox-choose = Wählen Sie eine E-Mail aus.
inbox-from = Von
inbox-to = An
inbox-date = Datum

inbox-frame = Die E-Mail als HTML

inbox-text-part = Als Text

inbox-save = Als .eml speichern

## The demo application

demo-title = Demo-Anwendung
demo-signed-in = Sie sind drin
demo-public = Diese Seite ist öffentlich
demo-text = Dies ist die Demo-Anwendung. Von der Anmeldung weiß sie nichts; sie zeigt, was bei ihr angekommen ist.

demo-email = linkgate sagt, dass Sie { $email } sind.

demo-request = Die Anfrage
demo-method = Methode
demo-path = Pfad

demo-account = Ihr Konto
demo-sign-out = Abmelden
demo-sign-in = Anmelden
