# French. The notes for translators and the meaning of all names in braces are in ../en/mails.ftl.
# Programs look for the code right after “Le code est”: these words have to stay at the end.
# The spaces before : and ? are no-break spaces (U+00A0).

## On pages, too

device = { $browser } sur { $system }

device-unknown-on = Navigateur inconnu sur { $system }

device-unknown = Navigateur inconnu

## The e-mail that signs in

mail-subject = Se connecter à { $host } ({ $time })

mail-title = Se connecter à { $host }

mail-preview = Valable une seule fois, jusqu’à { $until }. Vous n’avez pas fait cette demande ? Alors ne faites rien.

mail-open = Ouvrez ce lien dans le navigateur où vous avez commencé. Il est valable une seule fois, jusqu’à { $until }.

mail-button = Se connecter

mail-or-code = Ou revenez à ce navigateur et saisissez le code. Le code est

mail-only-code = Revenez au navigateur où vous avez commencé et saisissez le code. Il est valable une seule fois, jusqu’à { $until }. Le code est

mail-asked = Demandé à
mail-site = Site
mail-page = Page
mail-browser = Navigateur
mail-network = Réseau

mail-copy = Le bouton ne fait rien ? Copiez ce lien dans le navigateur où vous avez commencé :

mail-not-me = Vous n’avez pas fait cette demande ? Alors ne faites rien : sans cet e-mail, personne ne peut se connecter.

mail-report = Mettre fin à la demande et nous prévenir

mail-report-open = Pour mettre fin à la demande et nous prévenir, ouvrez cette page :

mail-operator = Envoyé pour { $operator }.

mail-help = Aide :

mail-password-subject = Choisir un mot de passe pour { $host } ({ $time })

mail-password-title = Choisir un mot de passe pour { $host }

mail-password-preview = Valable une seule fois, jusqu’à { $until }. Vous n’avez rien demandé ? Alors ne faites rien.

mail-password-open = Ce lien mène à la page où vous choisissez un mot de passe. Il est valable une seule fois, jusqu’à { $until }.

mail-password-button = Choisir un mot de passe

mail-password-or-code = Ou saisissez ce code, avec votre nouveau mot de passe, dans le navigateur où vous avez demandé cet e-mail. Le code est

mail-password-only-code = Revenez au navigateur où vous avez demandé cet e-mail et saisissez le code avec votre nouveau mot de passe. Il est valable une seule fois, jusqu’à { $until }. Le code est

mail-password-not-me = Vous n’avez rien demandé ? Alors ne faites rien : aucun mot de passe n’est défini. Personne de chez nous ne vous demandera ce code.

## The e-mail after a sign-in with a browser that was not used before

new-device-subject = Nouvelle connexion à { $host } ({ $time })

new-device-title = Nouvelle connexion à { $host }

new-device-preview = Un navigateur jamais utilisé jusqu’ici est connecté avec votre adresse.

new-device-text = Un navigateur jamais utilisé jusqu’ici est connecté avec votre adresse.

new-device-signed-in = Connexion

new-device-me = C’était vous ? Alors vous n’avez rien à faire.

new-device-not-me = Ce n’était pas vous ? Alors mettez fin à cette session maintenant et vérifiez qui peut lire vos e-mails.

new-device-end = Mettre fin à cette session

new-device-end-open = Pour mettre fin à cette session, ouvrez cette page :
