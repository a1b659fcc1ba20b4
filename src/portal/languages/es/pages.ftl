# Las páginas, en español neutro (usted). Las notas para traductores y el significado de cada valor
# están en en/pages.ftl. Palabras fijas: enlace, código, correo (lo que llega), dirección (adonde se
# envía), iniciar sesión, cerrar sesión, sitio, solicitud, escribir (un dato), válido.

month-1 = enero
month-2 = febrero
month-3 = marzo
month-4 = abril
month-5 = mayo
month-6 = junio
month-7 = julio
month-8 = agosto
month-9 = septiembre
month-10 = octubre
month-11 = noviembre
month-12 = diciembre

clock-zone = { $time } UTC
moment = { $day } de { $month } de { $year }, { $clock }
clock-own = { $utc } ({ $own } en su zona horaria)

error-prefix = Error: { $title }
page-reference = Referencia { $reference }, { $at }. Indíquela cuando pida ayuda.
page-why = ¿Por qué veo esta página?
page-why-answer = { $site } solo admite a personas que conoce. Para mostrar quién es, demuestre que puede leer el correo que llega a su dirección. No hay contraseña: cada correo sirve para iniciar sesión una sola vez.
page-why-answer-password = { $site } solo está abierto a personas conocidas. Para mostrar quién es, escriba su contraseña o demuestre que puede leer el correo de su dirección.
page-operator = Sitio administrado por { $operator }.
page-help = Obtener ayuda
page-language = Idioma

address-missing = Escriba su dirección de correo.
address-malformed = Esta dirección no está completa. Una dirección tiene esta forma: { $example }.
address-several = Escriba una sola dirección.
address-unsupported = Este tipo de dirección no se puede usar aquí. Use una que, antes de la @, solo tenga letras simples (sin tildes ni ñ), números y los signos { $marks }.
address-too-long = Esta dirección es demasiado larga. Una dirección tiene 254 caracteres como máximo.
address-mismatch = El correo no se envió a esta dirección. Escriba la dirección que lo recibió.

sign-in-title = Iniciar sesión en { $site }
# «Después se abrirá»: { $destination } es la página que se abre tras iniciar sesión.
sign-in-intro-link = Escriba su dirección de correo y le enviaremos un enlace. Después se abrirá { $destination }.
sign-in-intro-code = Escriba su dirección de correo y le enviaremos un código. Después se abrirá { $destination }.
sign-in-email = Su dirección de correo
sign-in-remember = Recordar mi dirección en este dispositivo
sign-in-not-you = ¿No es usted? Usar otra dirección
sign-in-send-link = Enviarme un enlace
sign-in-send-code = Enviarme un código
sign-in-intro-password = Inicie sesión con su contraseña o, sin ella, por correo. Después se abrirá { $destination }.
sign-in-password = Su contraseña
sign-in-with-password = Iniciar sesión
sign-in-link-instead = Enviarme un enlace
sign-in-code-instead = Enviarme un código
sign-in-choose-password = ¿Sin contraseña o la ha olvidado? Elegir una
sign-in-choose-password-new = ¿Es nuevo o ha olvidado la contraseña? Elegir una
sign-in-session-ended = Su sesión ha terminado. Inicie sesión de nuevo para continuar.
sign-in-form-not-sent = Su sesión había terminado, así que el formulario que envió no se guardó. Inicie sesión y envíelo de nuevo.
sign-in-confirm-again = Esta página requiere un inicio de sesión reciente. Inicie sesión una vez más.
sign-in-other-address = Escriba la otra dirección que quiere usar.
sign-in-mail-delayed = Los correos de inicio de sesión llegan con retraso desde las { $since }. Puede pedir uno, aunque tardará más de lo habitual. Esto no afecta a quienes ya han iniciado sesión.
sign-in-mail-down = Desde las { $since } no se ha podido enviar ningún correo de inicio de sesión. Aun así puede pedir uno: saldrá en cuanto vuelva a ser posible. Esto no afecta a quienes ya han iniciado sesión.
sign-in-already = Ha iniciado sesión como { $email }. Continúe con esta dirección o escriba otra abajo.
sign-in-go-on = Continuar como { $email }
password-show = Mostrar la contraseña
password-missing = Escriba su contraseña o pida un correo abajo.
password-wrong = La dirección y la contraseña no coinciden. Inténtelo de nuevo o inicie sesión por correo.
password-too-short = Use al menos { $least } caracteres.
password-too-long = Use como máximo { $most } caracteres.
password-guessable = Esta contraseña es fácil de adivinar. Use unas palabras que no tengan nada que ver entre sí.
ask-password-title = Elegir una contraseña
ask-password-link = Le enviaremos un correo. Su enlace lleva a la página donde se elige la contraseña.
ask-password-code = Le enviaremos un correo con un código. Se escribe junto con la contraseña que elija.
ask-password-send = Enviarme el correo
choose-password-title = Elija su contraseña
choose-password-text = Para { $email } en { $site }. También se inicia la sesión.
choose-password-missing = Escriba la contraseña que quiera tener.
choose-password-set = Guardar la contraseña
choose-password-new = Contraseña nueva
choose-password-rule = Al menos { $least } caracteres. Van bien unas palabras que no tengan nada que ver entre sí.
choose-password-without = Iniciar sesión sin contraseña nueva

check-mail-title = Revise su correo
check-mail-intro-link = Si { $email } puede iniciar sesión en { $site }, hay un correo en camino. Abra el enlace del correo en este navegador o escriba aquí el código.
check-mail-intro-code = Si { $email } puede iniciar sesión en { $site }, hay un correo con un código en camino. Escriba aquí el código.
check-mail-password-link = Si { $email } puede iniciar sesión en { $site }, hay un correo en camino. Abra su enlace o escriba aquí su código y la contraseña nueva.
check-mail-password-code = Si { $email } puede iniciar sesión en { $site }, hay un correo con un código en camino. Escriba aquí el código y la contraseña nueva.
check-mail-sent-again = Hemos enviado un correo nuevo. Solo el más reciente es válido.
check-mail-not-yet = Aún no se ha iniciado sesión en este navegador. Abra el enlace en este navegador o escriba el código del correo.
check-mail-suggestion = ¿Quiso decir { $suggestion }?
check-mail-suggestion-use = Usar { $suggestion }
check-mail-code = Código del correo
check-mail-code-missing = Escriba el código del correo.
check-mail-code-malformed = Un código tiene 8 letras, como { $example }. Cópielo del correo más reciente.
check-mail-code-wrong = { $left ->
    [one] Este no es el código del correo más reciente. Le queda { $left } intento.
   *[other] Este no es el código del correo más reciente. Le quedan { $left } intentos.
}
check-mail-sign-in = Iniciar sesión
check-mail-continue = Ya abrí el enlace: continuar
check-mail-open = Abrir { $name } en otra pestaña
check-mail-facts = El correo que debe buscar
check-mail-from = De
check-mail-subject = Asunto
check-mail-asked = Solicitado
check-mail-until = Válido hasta
check-mail-arrives = Debería llegar en menos de un minuto.
check-mail-delayed = Los correos tardan más de lo habitual desde las { $since }. No tiene que hacer nada: seguimos intentándolo.
check-mail-down = Desde las { $since } no se ha podido enviar ningún correo. Seguimos intentándolo mientras esta solicitud sea válida. Si termina antes, pida otro correo más tarde.
check-mail-slow = Está tardando más de lo habitual. No tiene que hacer nada: seguimos intentándolo.
check-mail-nothing = ¿No ha llegado nada?
check-mail-spam = Mire en la carpeta de correo no deseado (spam) y compruebe que la dirección de arriba es correcta.
check-mail-resend-at = Podrá solicitar un correo nuevo a las { $at }.
check-mail-resend-ready = Ya puede solicitar un correo nuevo.
check-mail-resend = Enviar un correo nuevo
check-mail-resend-wait = Enviar un correo nuevo ({ $seconds } s)
check-mail-other-address = Usar otra dirección

request-ended-title = Esta solicitud ha terminado
request-ended-text = El correo enviado a { $email } fue válido hasta las { $at }.
request-ended-code = El código llegó demasiado tarde. El correo enviado a { $email } fue válido hasta las { $at }.
request-ended-do = Con un correo nuevo llegará a la misma página.
request-ended-send = Enviar un correo nuevo a { $email }
code-used-up-title = Demasiados códigos incorrectos
code-used-up-text = Para proteger su cuenta, el código para { $email } ya no es válido.
code-used-up-link = El enlace del correo sigue siendo válido: ábralo en este navegador. O solicite un correo nuevo con un código nuevo.
code-used-up-new = Solicite un correo nuevo con un código nuevo.
code-used-up-send = Enviar un correo nuevo
rate-limited-title = Demasiadas solicitudes
rate-limited-text = { $minutes ->
    [one] Por seguridad, solo se atienden unas pocas solicitudes seguidas. Vuelva a intentarlo a las { $at } (dentro de { $minutes } minuto).
   *[other] Por seguridad, solo se atienden unas pocas solicitudes seguidas. Vuelva a intentarlo a las { $at } (dentro de { $minutes } minutos).
}
rate-limited-pending = El último correo sigue siendo válido: puede escribir el código que contiene.
rate-limited-code = Escribir el código
rate-limited-again = Volver a intentarlo

link-elsewhere-title = ¿Iniciar sesión en este dispositivo?
link-elsewhere-title-code = Vuelva a donde empezó
link-elsewhere-in-app = Este es el navegador propio de su aplicación de correo. Para iniciar sesión en otro lugar, escriba allí el código del correo.
link-elsewhere-text = Alguien, probablemente usted, solicitó este enlace en otro navegador. Abrirlo aquí no ha cambiado nada.
link-elsewhere-site = Sitio
link-elsewhere-asked = Solicitado
link-elsewhere-browser = Solicitado desde
link-elsewhere-until = Válido hasta
link-elsewhere-email = La dirección a la que se envió el correo
# «aquí», y no «en este dispositivo», para no pasar de 30 caracteres; también al cerrar sesión.
link-elsewhere-sign-in = Iniciar sesión aquí
link-elsewhere-or-code = O vuelva a la ventana donde empezó y escriba el código del correo.
link-elsewhere-code-only = Escriba el código del correo en la ventana donde empezó. Para iniciar sesión en este dispositivo, empiece de nuevo aquí.
link-elsewhere-start = Empezar en este dispositivo
link-elsewhere-not-me = ¿No lo solicitó usted? Cierre esta página. Nadie ha iniciado sesión.

link-expired-title = Este enlace ha caducado
link-expired-text = Fue válido hasta las { $at }. Por su seguridad, un enlace solo es válido durante poco tiempo.
link-used-title = Este enlace ya se usó
link-used-text = Alguien inició sesión con él a las { $at }. Un enlace es válido una sola vez. Si no fue usted, avise a los responsables de este sitio.
link-replaced-title = Hay un correo más reciente
link-replaced-text = A las { $at } se envió otro correo, y solo el más reciente es válido. Búsquelo primero.
link-gone-do = Con un enlace nuevo llegará a la misma página.
link-gone-send = Enviar un enlace nuevo a { $email }
link-unknown-title = Este enlace no es válido
link-unknown-text = No reconocemos este enlace. Puede que sea muy antiguo o que su programa de correo lo haya cortado al final de una línea.
link-unknown-do = Copie el enlace completo del correo en la barra de direcciones o empiece de nuevo.
link-unknown-start = Empezar de nuevo

report-title = ¿No lo solicitó usted?
report-text = Alguien solicitó un correo de inicio de sesión para su dirección. Nadie puede iniciar sesión sin ese correo, así que no tiene que hacer nada.
report-site = Sitio
report-asked = Solicitado
report-browser = Solicitado desde
report-do = Puede cancelar la solicitud. El enlace y el código dejarán de ser válidos y, durante 24 horas, nadie podrá solicitar correos para su dirección desde la red de esta solicitud.
report-email = La dirección que recibió el correo
report-end = Cancelar esta solicitud
report-done-title = La solicitud se ha cancelado
report-done-text = Gracias. El enlace y el código de ese correo ya no son válidos. Durante 24 horas no se enviarán a su dirección correos de inicio de sesión que se soliciten desde esa red.
report-done-do = Puede eliminar el correo y cerrar esta página.

signed-in-title = Ha iniciado sesión
signed-in-text = Ahora va a { $destination }.
signed-in-continue = Continuar

welcome-title = Su cuenta está lista
welcome-text = ¿Cómo quiere que se le llame aquí? Puede dejarlo vacío.
welcome-name = Nombre
welcome-problem = Use de 1 a 60 caracteres normales.
welcome-go-on = Continuar

sign-out-title = ¿Cerrar sesión?
sign-out-text = Ha iniciado sesión como { $email }.
sign-out-nobody = Al cerrar sesión, termina la sesión en este dispositivo.
sign-out-here = Cerrar sesión aquí
sign-out-everywhere = Cerrar todas las sesiones
sign-out-stay = Mantener la sesión abierta

signed-out-title = Sesión cerrada
signed-out-here = Su sesión en { $site } ha terminado en este dispositivo.
signed-out-everywhere = Sus sesiones han terminado en todos los dispositivos.
signed-out-again = Iniciar sesión de nuevo

forbidden-title = Sin acceso
forbidden-text = Ha iniciado sesión como { $email }. Esta dirección no tiene acceso a { $destination }.
forbidden-do = Si tiene otra dirección con acceso, inicie sesión con ella.
forbidden-switch = Cerrar sesión y usar otra dirección
forbidden-ask = Pedir acceso por correo
forbidden-ask-subject = Acceso a { $destination } para { $email }
forbidden-sites = Sitios que puede abrir

account-title = Su cuenta
account-text = Ha iniciado sesión como { $email }.
account-groups = Grupos
account-ended-one = Se ha cerrado la sesión en ese dispositivo.
account-ended-others = Se ha cerrado la sesión en todos los demás dispositivos.
account-devices = Dónde ha iniciado sesión
account-this = Este dispositivo
account-signed-in = Inicio de sesión: { $at }, en { $host }, desde la red { $network }.
account-last-seen = Último uso: { $at }.
account-expires = Termina el { $at }, o antes si no se usa.
account-part = Aquí solo aparecen las { $count } sesiones usadas más recientemente.
account-password = Contraseña
account-password-set = Guardada el { $at }.
account-password-none = No tiene ninguna: inicia sesión por correo.
account-password-change = Elegir otra
account-password-choose = Elegir una contraseña
account-password-remove = Quitar la contraseña
account-password-removed = Su contraseña se ha quitado. Inicia sesión por correo.
account-end = Cerrar sesión
account-end-device = Cerrar sesión: { $device }
account-end-others = Cerrar las demás sesiones
account-sign-out = Cerrar sesión aquí
account-go = Ir a { $site }

notice-misdirected-title = Este sitio no está aquí
notice-misdirected-text = La dirección que aparece en su navegador no corresponde a ningún sitio de este servidor.
notice-misdirected-do = Compruebe que la dirección no tenga errores de escritura. Si es correcta, avise a los responsables del sitio.
notice-no-application-title = No se llega a la aplicación por este camino
notice-no-application-text = Usted puede abrir esta página, pero no está en este servidor.
notice-no-application-do = Abra el sitio en la dirección que le dieron. Si esta página vuelve a aparecer, avise a los responsables del sitio.
notice-bad-request-title = Esta solicitud no se puede leer
notice-bad-request-text = La dirección o los datos que envió su navegador están dañados, así que no se hizo nada.
notice-bad-request-do = Compruebe la dirección o vaya a la página de inicio.
notice-not-found-title = Página no encontrada
notice-not-found-text = En esta dirección no hay ninguna página de inicio de sesión.
notice-not-found-do = Compruebe la dirección o vaya a la página de inicio.
notice-method-not-allowed-title = Esto no se puede hacer aquí
notice-method-not-allowed-text = Su navegador hizo una solicitud que esta página no entiende, así que no se hizo nada.
notice-method-not-allowed-do = Vaya a la página de inicio e inténtelo desde allí.
notice-too-large-title = Se enviaron demasiados datos
notice-too-large-text = Lo que envió su navegador supera lo que acepta esta página, así que no se hizo nada.
notice-too-large-do = Vuelva atrás y envíe menos datos.
notice-unsupported-title = Este tipo de datos no se acepta
notice-unsupported-text = Esta página solo acepta su propio formulario, así que no se hizo nada.
notice-unsupported-do = Si quería iniciar sesión, empiece aquí.
notice-cross-site-title = El formulario vino de otro lugar
notice-cross-site-text = Otro sitio web intentó enviar este formulario en su nombre. Por su seguridad, no se hizo nada.
notice-cross-site-do = Si quería iniciar sesión, empiece aquí.
notice-sign-in-closed-title = Por ahora no se puede iniciar sesión aquí
notice-sign-in-closed-text = Los responsables de este sitio han desactivado por ahora el inicio de sesión. Esto no afecta a quienes ya han iniciado sesión.
notice-sign-in-closed-do = Vuelva a intentarlo más tarde o pregúnteles cuándo estará disponible.
notice-closed-title = Esta página está cerrada
notice-closed-text = Los responsables de este sitio no permiten que nadie abra esta página. Iniciar sesión no lo cambiaría.
notice-closed-do = Vaya a la página de inicio. Si cree que es un error, avise a los responsables del sitio.
notice-upstream-down-title = La aplicación no responde
notice-upstream-down-text = La aplicación que está detrás de esta página no responde. Su sesión sigue abierta y no se ha perdido nada de lo que se guardó antes.
notice-upstream-down-do = Espere un momento y vuelva a intentarlo.
notice-upstream-slow-title = La aplicación tarda demasiado
notice-upstream-slow-text = La aplicación que está detrás de esta página no responde a tiempo. Su sesión sigue abierta. Lo último que envió puede haber llegado o no.
notice-upstream-slow-do = Espere un momento y vuelva a intentarlo.
notice-start = Ir a la página de inicio
notice-sign-in = Ir a iniciar sesión
notice-again = Volver a intentarlo

last-resort-store-title = No se puede iniciar sesión en este momento
last-resort-store-text = Una parte de este servicio no funciona. Su sesión se conserva y no se ha perdido nada de lo que hizo.
last-resort-store-do = Vuelva a intentarlo dentro de un minuto.
last-resort-internal-title = Algo salió mal
last-resort-internal-text = Es un fallo nuestro y ha quedado registrado.
last-resort-internal-do = Vuelva a intentarlo. Si ocurre otra vez, avise a los responsables de este sitio e indique la referencia.
last-resort-again = Volver a intentarlo
inbox-title = Bandeja de entrada de desarrollo
inbox-text = Para desarrollo: aquí llegan todos los correos que linkgate enviaría.
inbox-empty = Aún no hay nada. Solicite un enlace para iniciar sesión y recargue esta página.
inbox-list = Correos
inbox-choose = Elija un correo.
inbox-from = De
inbox-to = Para
inbox-date = Fecha
inbox-frame = El correo como HTML
inbox-text-part = Como texto
inbox-save = Guardar como .eml

demo-title = Aplicación de demostración
demo-signed-in = Ya está dentro
demo-public = Esta página es pública
demo-text = Esta es la aplicación de demostración. No sabe nada del inicio de sesión; solo muestra lo que recibió.
demo-email = linkgate dice que usted es { $email }.
demo-request = La solicitud
demo-method = Método
demo-path = Ruta
demo-account = Su cuenta
demo-sign-out = Cerrar sesión
demo-sign-in = Iniciar sesión
