# French. The notes for translators and the meaning of all names in braces are in ../en/pages.ftl.
# Words: e-mail, adresse, lien, code, site, appareil, session, demande; se connecter, se déconnecter
# (“déconnecter” for another device); “works” is “valable”; “the people who run the site” are
# “les responsables”. Readers have no gender here: “votre session est ouverte”, not “connecté(e)”.
# The spaces before : ; ? are no-break spaces (U+00A0).

## Dates and times

month-1 = janvier
month-2 = février
month-3 = mars
month-4 = avril
month-5 = mai
month-6 = juin
month-7 = juillet
month-8 = août
month-9 = septembre
month-10 = octobre
month-11 = novembre
month-12 = décembre

clock-zone = { $time } UTC

moment = { $day } { $month } { $year }, { $clock }

clock-own = { $utc } ({ $own } chez vous)

## On every page

error-prefix = Erreur : { $title }

page-reference = Référence { $reference }, { $at }. Indiquez-la si vous demandez de l’aide.

page-why = Pourquoi cette page s’affiche-t-elle ?

page-why-answer = Le site { $site } est réservé aux personnes qu’il connaît. Pour montrer qui vous êtes, prouvez que vous pouvez lire les e-mails envoyés à votre adresse. Il n’y a pas de mot de passe : chaque e-mail vous connecte une seule fois.

page-why-answer-password = { $site } n’est ouvert qu’aux personnes connues. Pour montrer qui vous êtes, saisissez votre mot de passe, ou prouvez que vous pouvez lire les e-mails envoyés à votre adresse.

page-operator = Géré par { $operator }.

page-help = Obtenir de l’aide

page-language = Langue

## A field for an address

address-missing = Saisissez votre adresse e-mail.

address-malformed = Cette adresse est incomplète. Une adresse ressemble à { $example }.

address-several = Saisissez une seule adresse.

address-unsupported = Ce type d’adresse ne peut pas être utilisé ici. Utilisez une adresse qui ne contient, avant le @, que des lettres sans accent, des chiffres et les signes { $marks }.

address-too-long = Cette adresse est trop longue. Une adresse compte au plus 254 caractères.

address-mismatch = L’e-mail n’a pas été envoyé à cette adresse. Saisissez celle qui l’a reçu.

## Sign in: the form

sign-in-title = Se connecter à { $site }

sign-in-intro-link = Saisissez votre adresse e-mail et nous vous enverrons un lien. Il vous mènera à { $destination }.

sign-in-intro-code = Saisissez votre adresse e-mail et nous vous enverrons un code. Il vous mènera à { $destination }.

sign-in-email = Votre adresse e-mail

sign-in-remember = Retenir mon adresse sur cet appareil

sign-in-not-you = Ce n’est pas vous ? Utiliser une autre adresse

sign-in-send-link = Recevoir un lien
sign-in-send-code = Recevoir un code

sign-in-intro-password = Connectez-vous avec votre mot de passe, ou sans lui par e-mail. Ensuite s’ouvre { $destination }.

sign-in-password = Votre mot de passe

sign-in-with-password = Se connecter

sign-in-link-instead = Recevoir plutôt un lien

sign-in-code-instead = Recevoir plutôt un code

sign-in-choose-password = Pas encore de mot de passe, ou oublié ? En choisir un

sign-in-choose-password-new = Nouveau ici, ou mot de passe oublié ? En choisir un

sign-in-session-ended = Votre session est terminée. Connectez-vous à nouveau pour continuer.

sign-in-form-not-sent = Votre session était terminée : le formulaire envoyé n’a pas été enregistré. Connectez-vous, puis envoyez-le à nouveau.

sign-in-confirm-again = Cette page demande une connexion récente. Veuillez vous connecter à nouveau.

sign-in-other-address = Saisissez l’adresse que vous voulez utiliser à la place.

sign-in-mail-delayed = Depuis { $since }, les e-mails de connexion arrivent en retard. Vous pouvez tout de même en demander un : il mettra plus de temps que d’habitude. Les sessions déjà ouvertes ne sont pas concernées.

sign-in-mail-down = Depuis { $since }, aucun e-mail de connexion n’a pu être envoyé. Vous pouvez tout de même en demander un : il partira dès que ce sera de nouveau possible. Les sessions déjà ouvertes ne sont pas concernées.

sign-in-already = Votre session est ouverte avec { $email }. Continuez avec cette adresse ou saisissez-en une autre ci-dessous.

sign-in-go-on = Continuer avec { $email }

password-show = Afficher le mot de passe

password-missing = Saisissez votre mot de passe, ou demandez un e-mail ci-dessous.

password-wrong = L’adresse et le mot de passe ne vont pas ensemble. Réessayez, ou connectez-vous par e-mail.

password-too-short = Utilisez au moins { $least } caractères.

password-too-long = Utilisez au plus { $most } caractères.

password-guessable = Ce mot de passe est facile à deviner. Utilisez quelques mots sans rapport entre eux.

ask-password-title = Choisir un mot de passe

ask-password-link = Nous vous enverrons un e-mail. Son lien mène à la page où vous choisirez le mot de passe.

ask-password-code = Nous vous enverrons un e-mail avec un code. Vous le saisirez avec le mot de passe de votre choix.

ask-password-send = Recevoir l’e-mail

choose-password-title = Choisissez votre mot de passe

choose-password-text = Pour { $email }, sur { $site }. Vous serez connecté en même temps.

choose-password-missing = Saisissez le mot de passe que vous voulez avoir.

choose-password-set = Définir le mot de passe

choose-password-new = Nouveau mot de passe

choose-password-rule = Au moins { $least } caractères. Quelques mots sans rapport entre eux conviennent bien.

choose-password-without = Se connecter sans nouveau mot de passe

## Check your mail: the page that waits

check-mail-title = Consultez vos e-mails

check-mail-intro-link = Si l’adresse { $email } permet de se connecter à { $site }, un e-mail est en route. Ouvrez dans ce navigateur le lien qu’il contient, ou saisissez ici son code.

check-mail-intro-code = Si l’adresse { $email } permet de se connecter à { $site }, un e-mail avec un code est en route. Saisissez le code ici.

check-mail-password-link = Si l’adresse { $email } permet de se connecter à { $site }, un e-mail est en route. Ouvrez le lien qu’il contient, ou saisissez ici son code et votre nouveau mot de passe.

check-mail-password-code = Si l’adresse { $email } permet de se connecter à { $site }, un e-mail avec un code est en route. Saisissez ici le code et votre nouveau mot de passe.

check-mail-sent-again = Nous avons envoyé un nouvel e-mail. Seul le plus récent est valable.

check-mail-not-yet = Ce navigateur n’est pas encore connecté. Ouvrez le lien dans ce navigateur ou saisissez le code reçu par e-mail.

check-mail-suggestion = Vouliez-vous dire { $suggestion } ?

check-mail-suggestion-use = Utiliser { $suggestion }

check-mail-code = Code reçu par e-mail

check-mail-code-missing = Saisissez le code reçu par e-mail.

check-mail-code-malformed = Un code compte 8 lettres, comme { $example }. Copiez-le depuis l’e-mail le plus récent.

check-mail-code-wrong = { $left ->
    [one] Ce n’est pas le code de l’e-mail le plus récent. Il vous reste { $left } essai.
   *[other] Ce n’est pas le code de l’e-mail le plus récent. Il vous reste { $left } essais.
}

check-mail-sign-in = Se connecter

check-mail-continue = Lien ouvert : continuer

check-mail-open = Ouvrir { $name } (nouvel onglet)

check-mail-facts = Comment reconnaître l’e-mail

check-mail-from = De
check-mail-subject = Objet
check-mail-asked = Demandé à
check-mail-until = Valable jusqu’à

check-mail-arrives = L’e-mail devrait arriver en moins d’une minute.

check-mail-delayed = Depuis { $since }, les e-mails mettent plus de temps que d’habitude. Vous n’avez rien à faire : nous continuons d’essayer.

check-mail-down = Depuis { $since }, aucun e-mail n’a pu être envoyé. Nous continuons d’essayer tant que cette demande est valable. Si elle expire avant, redemandez un e-mail plus tard.

check-mail-slow = Cela prend plus de temps que d’habitude. Vous n’avez rien à faire : nous continuons d’essayer.

check-mail-nothing = Rien reçu ?

check-mail-spam = Regardez dans le dossier des spams et vérifiez que l’adresse ci-dessus est correcte.

check-mail-resend-at = Vous pourrez demander un nouvel e-mail à { $at }.

check-mail-resend-ready = Vous pouvez maintenant demander un nouvel e-mail.

check-mail-resend = Envoyer un nouvel e-mail
check-mail-resend-wait = Envoyer un nouvel e-mail ({ $seconds } s)

check-mail-other-address = Utiliser une autre adresse

## What ends a request

request-ended-title = Cette demande a pris fin

request-ended-text = L’e-mail pour { $email } était valable jusqu’à { $at }.

request-ended-code = Le code est arrivé trop tard. L’e-mail pour { $email } était valable jusqu’à { $at }.

request-ended-do = Un nouvel e-mail vous mènera à la même page.

request-ended-send = Envoyer un nouvel e-mail à { $email }

code-used-up-title = Trop de codes incorrects

code-used-up-text = Pour protéger votre compte, le code pour { $email } n’est plus valable.

code-used-up-link = Le lien de l’e-mail est toujours valable : ouvrez-le dans ce navigateur. Ou demandez un nouvel e-mail avec un nouveau code.

code-used-up-new = Demandez un nouvel e-mail avec un nouveau code.

code-used-up-send = Envoyer un nouvel e-mail

rate-limited-title = Trop de demandes

rate-limited-text = { $minutes ->
    [one] Par sécurité, nous ne répondons qu’à quelques demandes de suite. Réessayez à { $at } (dans { $minutes } minute).
   *[other] Par sécurité, nous ne répondons qu’à quelques demandes de suite. Réessayez à { $at } (dans { $minutes } minutes).
}

rate-limited-pending = Le dernier e-mail est toujours valable : vous pouvez saisir son code.

rate-limited-code = Saisir le code
rate-limited-again = Réessayer

## The link, opened in another browser

link-elsewhere-title = Se connecter sur cet appareil ?

link-elsewhere-title-code = Revenez là où vous avez commencé

link-elsewhere-in-app = Ceci est le navigateur intégré de votre application de messagerie. Pour vous connecter dans un autre navigateur, saisissez-y le code reçu par e-mail.

link-elsewhere-text = Quelqu’un, sans doute vous, a demandé ce lien dans un autre navigateur. L’ouvrir ici n’a rien changé.

link-elsewhere-site = Site
link-elsewhere-asked = Demandé à
link-elsewhere-browser = Demandé dans
link-elsewhere-until = Valable jusqu’à

link-elsewhere-email = L’adresse qui a reçu l’e-mail

link-elsewhere-sign-in = Se connecter sur cet appareil

link-elsewhere-or-code = Ou revenez à la fenêtre où vous avez commencé et saisissez-y le code reçu par e-mail.

link-elsewhere-code-only = Saisissez le code reçu par e-mail dans la fenêtre où vous avez commencé. Pour vous connecter sur cet appareil, recommencez ici.

link-elsewhere-start = Commencer sur cet appareil

link-elsewhere-not-me = Vous n’avez pas fait cette demande ? Fermez cette page. Personne n’est connecté.

## A link that works no more

link-expired-title = Ce lien a expiré

link-expired-text = Il était valable jusqu’à { $at }. Pour votre sécurité, un lien n’est valable que peu de temps.

link-used-title = Ce lien a déjà été utilisé

link-used-text = Quelqu’un s’est connecté avec ce lien à { $at }. Un lien n’est valable qu’une fois. Si ce n’était pas vous, prévenez les responsables de ce site.

link-replaced-title = Il y a un e-mail plus récent

link-replaced-text = Un nouvel e-mail a été envoyé à { $at }, et seul le plus récent est valable. Cherchez-le d’abord.

link-gone-do = Un nouveau lien vous mènera à la même page.

link-gone-send = Envoyer un nouveau lien à { $email }

link-unknown-title = Ce lien ne fonctionne pas

link-unknown-text = Nous ne connaissons pas ce lien. Il est peut-être très ancien, ou votre logiciel de messagerie l’a coupé en fin de ligne.

link-unknown-do = Copiez le lien entier depuis l’e-mail dans la barre d’adresse, ou recommencez.

link-unknown-start = Recommencer

## “I did not ask for this”

report-title = Vous n’avez pas fait cette demande ?

report-text = Quelqu’un a demandé un e-mail de connexion pour votre adresse. Sans cet e-mail, personne ne peut se connecter : vous n’avez donc rien à faire.

report-site = Site
report-asked = Demandé le
report-browser = Demandé dans

report-do = Vous pouvez mettre fin à la demande. Le lien et le code ne seront alors plus valables et, pendant 24 heures, personne ne pourra demander d’e-mails pour votre adresse depuis le réseau d’où vient cette demande.

report-email = L’adresse qui a reçu l’e-mail

report-end = Mettre fin à cette demande

report-done-title = La demande a pris fin

report-done-text = Merci. Le lien et le code de cet e-mail ne sont plus valables. Pendant 24 heures, aucun e-mail de connexion demandé depuis ce réseau ne sera envoyé à votre adresse.

report-done-do = Vous pouvez supprimer l’e-mail et fermer cette page.

## Signed in

signed-in-title = Connexion réussie

signed-in-text = Vous allez maintenant sur { $destination }.

signed-in-continue = Continuer

## A new account

welcome-title = Votre compte est prêt
welcome-text = Comment souhaitez-vous être appelé ici ? Vous pouvez laisser ce champ vide.

# Label of the field.
welcome-name = Nom

welcome-problem = Utilisez de 1 à 60 caractères ordinaires.

# Button.
welcome-go-on = Continuer

## Sign out

sign-out-title = Se déconnecter ?

sign-out-text = Votre session est ouverte avec { $email }.

sign-out-nobody = La déconnexion met fin à la session sur cet appareil.

sign-out-here = Se déconnecter de cet appareil
sign-out-everywhere = Se déconnecter partout
sign-out-stay = Garder la session ouverte

signed-out-title = Déconnexion effectuée

signed-out-here = Cet appareil n’est plus connecté à { $site }.

signed-out-everywhere = Vos sessions sont terminées sur tous les appareils.

signed-out-again = Se reconnecter

## No access

forbidden-title = Accès refusé

forbidden-text = Votre session est ouverte avec { $email }. Cette adresse n’a pas accès à { $destination }.

forbidden-do = Si vous avez une autre adresse qui y a accès, connectez-vous avec celle-là.

forbidden-switch = Se déconnecter et changer d’adresse

forbidden-ask = Demander l’accès par e-mail

forbidden-ask-subject = Accès à { $destination } pour { $email }

forbidden-sites = Vous avez accès à

## Your account

account-title = Votre compte

account-text = Votre session est ouverte avec { $email }.

account-groups = Groupes

# “That device”: the one whose button was pressed, never the one in use.
account-ended-one = L’appareil choisi est déconnecté.
account-ended-others = Tous les autres appareils sont déconnectés.

account-devices = Vos sessions ouvertes

account-this = Cet appareil

account-signed-in = Connexion le { $at } à { $host }, depuis le réseau { $network }.

account-last-seen = Dernière utilisation le { $at }.

account-expires = Fin le { $at }, ou plus tôt sans utilisation.

account-part = Seules les { $count } sessions utilisées en dernier sont affichées ici.

account-password = Mot de passe

account-password-set = Défini le { $at }.

account-password-none = Vous n’en avez pas et vous connectez par e-mail.

account-password-change = En choisir un autre

account-password-choose = Choisir un mot de passe

account-password-remove = Supprimer le mot de passe

account-password-removed = Votre mot de passe est supprimé. Vous vous connectez par e-mail.

account-end = Déconnecter

account-end-device = Déconnecter : { $device }

account-end-others = Déconnecter tous les autres
account-sign-out = Se déconnecter de cet appareil

account-go = Aller sur { $site }

## Errors

notice-misdirected-title = Ce site n’existe pas ici
notice-misdirected-text = L’adresse dans votre navigateur ne correspond à aucun des sites hébergés ici.
notice-misdirected-do = Vérifiez que l’adresse ne contient pas de faute de frappe. Si elle est correcte, prévenez les responsables du site.

notice-no-application-title = L’application n’est pas accessible par ce chemin
notice-no-application-text = Vous avez le droit d’ouvrir cette page, mais elle ne se trouve pas sur ce serveur.
notice-no-application-do = Ouvrez le site à l’adresse qui vous a été donnée. Si cette page revient, prévenez les responsables du site.

notice-bad-request-title = Cette demande est illisible
notice-bad-request-text = L’adresse ou les données envoyées par votre navigateur sont endommagées. Rien n’a donc été fait.
notice-bad-request-do = Vérifiez l’adresse ou allez à la page d’accueil.

notice-not-found-title = Page introuvable
notice-not-found-text = Il n’y a pas de page de connexion à cette adresse.
notice-not-found-do = Vérifiez l’adresse ou allez à la page d’accueil.

notice-method-not-allowed-title = Ce n’est pas possible ici
notice-method-not-allowed-text = Votre navigateur a envoyé une demande que cette page ne comprend pas. Rien n’a donc été fait.
notice-method-not-allowed-do = Allez à la page d’accueil et réessayez à partir de là.

notice-too-large-title = L’envoi est trop volumineux
notice-too-large-text = Votre navigateur a envoyé plus que cette page n’accepte. Rien n’a donc été fait.
notice-too-large-do = Revenez en arrière et envoyez moins de données.

notice-unsupported-title = Ce type de données n’est pas accepté
notice-unsupported-text = Cette page n’accepte que son propre formulaire. Rien n’a donc été fait.
notice-unsupported-do = Si vous vouliez vous connecter, commencez ici.

notice-cross-site-title = Le formulaire vient d’ailleurs
notice-cross-site-text = Un autre site a essayé d’envoyer ce formulaire à votre place. Pour votre sécurité, rien n’a été fait.
notice-cross-site-do = Si vous vouliez vous connecter, commencez ici.

notice-sign-in-closed-title = Connexion suspendue pour le moment
notice-sign-in-closed-text = Les responsables de ce site ont suspendu la connexion. Les sessions déjà ouvertes ne sont pas concernées.
notice-sign-in-closed-do = Réessayez plus tard, ou demandez-leur quand la connexion sera rétablie.

notice-closed-title = Cette page est fermée

notice-closed-text = Les responsables de ce site n’ouvrent cette page à personne. Se connecter n’y changerait rien.

notice-closed-do = Allez à la page d’accueil. Si vous pensez que c’est une erreur, dites-le aux responsables du site.

notice-upstream-down-title = L’application ne répond pas
notice-upstream-down-text = L’application derrière cette page ne répond pas. Votre session reste ouverte, et ce qui était déjà enregistré n’est pas perdu.
notice-upstream-down-do = Patientez un instant, puis réessayez.

notice-upstream-slow-title = L’application met trop de temps
notice-upstream-slow-text = L’application derrière cette page ne répond pas à temps. Votre session reste ouverte. Votre dernier envoi est peut-être arrivé, ou peut-être pas.
notice-upstream-slow-do = Patientez un instant, puis réessayez.

notice-start = Aller à la page d’accueil
notice-sign-in = Aller à la connexion
notice-again = Réessayer

## When nothing else works

last-resort-store-title = La connexion est indisponible pour le moment
last-resort-store-text = Une partie de ce service est en panne. Votre session est conservée, et rien de ce que vous avez fait n’est perdu.
last-resort-store-do = Veuillez réessayer dans une minute.

last-resort-internal-title = Un problème est survenu
last-resort-internal-text = L’erreur vient de chez nous et elle a été enregistrée.
last-resort-internal-do = Veuillez réessayer. Si cela se reproduit, prévenez les responsables de ce site et indiquez la référence.

last-resort-again = Réessayer

## The inbox for development

inbox-title = Boîte de réception de développement
inbox-text = Pour le développement : chaque e-mail que linkgate enverrait arrive ici.
inbox-empty = Rien pour l’instant. Demandez un lien de connexion, puis rechargez cette page.
inbox-list = E-mails
inbox-choose = Choisissez un e-mail.
inbox-from = De
inbox-to = À
inbox-date = Date

inbox-frame = L’e-mail en HTML

inbox-text-part = En texte

inbox-save = Enregistrer en .eml

## The demo application

demo-title = Application de démonstration
demo-signed-in = Vous y êtes
demo-public = Cette page est publique
demo-text = Ceci est l’application de démonstration. Elle ne sait rien de la connexion ; elle montre ce qu’elle a reçu.

demo-email = linkgate dit que vous êtes { $email }.

demo-request = La requête
demo-method = Méthode
demo-path = Chemin

demo-account = Votre compte
demo-sign-out = Se déconnecter
demo-sign-in = Se connecter
