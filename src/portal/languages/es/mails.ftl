# Los correos, en español (usted). Las notas para traductores están en en/pages.ftl y en/mails.ftl;
# las palabras fijas, en pages.ftl. El código sigue directamente a «El código es».

device = { $browser } en { $system }
device-unknown-on = Navegador desconocido en { $system }
device-unknown = Navegador desconocido

mail-subject = Iniciar sesión en { $host } ({ $time })
mail-title = Iniciar sesión en { $host }
mail-preview = Es válido una sola vez, hasta las { $until }. ¿No lo solicitó usted? No haga nada.
mail-open = Abra este enlace en el navegador donde empezó. Es válido una sola vez, hasta las { $until }.
mail-button = Iniciar sesión
mail-or-code = O vuelva a ese navegador y escriba el código. El código es
mail-only-code = Vuelva al navegador donde empezó y escriba el código. Es válido una sola vez, hasta las { $until }. El código es

mail-asked = Solicitado
mail-site = Sitio
mail-page = Página
mail-browser = Navegador
mail-network = Red

mail-copy = ¿El botón no hace nada? Copie este enlace en el navegador donde empezó:
mail-not-me = ¿No lo solicitó usted? No haga nada: nadie puede iniciar sesión sin este correo.
mail-report = Cancelar la solicitud y avisarnos
mail-report-open = Para cancelar la solicitud y avisarnos, abra esta página:
mail-operator = Enviado en nombre de { $operator }.
mail-help = Ayuda:
mail-password-subject = Elegir una contraseña para { $host } ({ $time })
mail-password-title = Elegir una contraseña para { $host }
mail-password-preview = Sirve una sola vez, hasta las { $until }. ¿No lo ha pedido? No haga nada.
mail-password-open = Este enlace lleva a la página donde se elige la contraseña. Sirve una sola vez, hasta las { $until }.
mail-password-button = Elegir una contraseña
mail-password-or-code = O escriba este código, junto con la contraseña nueva, en el navegador donde pidió este correo. El código es
mail-password-only-code = Vuelva al navegador donde pidió este correo y escriba el código junto con la contraseña nueva. Sirve una sola vez, hasta las { $until }. El código es
mail-password-not-me = ¿No lo ha pedido? No haga nada: no se guarda ninguna contraseña. Nadie de los nuestros le pedirá este código.

new-device-subject = Nuevo inicio de sesión en { $host } ({ $time })
new-device-title = Nuevo inicio de sesión en { $host }
new-device-preview = Se inició sesión con su dirección en un navegador que no se había usado antes.
new-device-text = Se inició sesión con su dirección en un navegador que no se había usado antes.
new-device-signed-in = Inicio de sesión
new-device-me = ¿Fue usted? No tiene que hacer nada.
new-device-not-me = ¿No fue usted? Cierre esa sesión ahora y compruebe quién puede leer su correo.
new-device-end = Cerrar esa sesión
new-device-end-open = Para cerrar esa sesión, abra esta página:
