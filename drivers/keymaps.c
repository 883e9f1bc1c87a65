/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layouts, each with three levels: plain, with Shift, with AltGr. tests/boot/test_keymap.py compares them
 * with those that QEMU has from xkeyboard-config.
 */
#include <ashlar/dev/keymaps.h>

/* clang-format off */
static const struct keymap keymaps[] = {
    { "gb",
      "1234567890-="
      "qwertyuiop[]"
      "asdfghjkl;'`"
      "#zxcvbnm,./"
      "\\",
      "!\" $%^&*()_+"
      "QWERTYUIOP{}"
      "ASDFGHJKL:@ "
      "~ZXCVBNM<>?"
      "|",
      "      {[]}\\ "
      "@          ~"
      "          ^|"
      "`          "
      "|" },
    { "de",
      "1234567890  "
      "qwertzuiop +"
      "asdfghjkl  ^"
      "#yxcvbnm,.-"
      "<",
      "!\" $%&/()=?`"
      "QWERTZUIOP *"
      "ASDFGHJKL   "
      "'YXCVBNM;:_"
      ">",
      "      {[]}\\ "
      "@          ~"
      "          ^ "
      "           "
      "|" },
    { "ch",
      "1234567890'^"
      "qwertzuiop  "
      "asdfghjkl   "
      "$yxcvbnm,.-"
      "<",
      "+\"* %&/()=?`"
      "QWERTZUIOP !"
      "ASDFGHJKL   "
      " YXCVBNM;:_"
      ">",
      "|@#   | ]} ~"
      "@         []"
      "          { "
      "}          "
      "\\" },
    { "fr",
      "& \"'(- _  )="
      "azertyuiop^$"
      "qsdfghjklm  "
      "*wxcvbn,;:!"
      "<",
      "1234567890 +"
      "AZERTYUIOP  "
      "QSDFGHJKLM%~"
      " WXCVBN?./ "
      ">",
      " ~#{[|`\\^@]}"
      "            "
      "@         ^ "
      "`          "
      "|" },
    { "be",
      "& \"'(  !  )-"
      "azertyuiop^$"
      "qsdfghjklm  "
      " wxcvbn,;:="
      "<",
      "1234567890 _"
      "AZERTYUIOP *"
      "QSDFGHJKLM% "
      " WXCVBN?./+"
      ">",
      "|@#  ^{[{}\\ "
      "@         []"
      "            "
      "`         ~"
      "\\" },
    { "es",
      "1234567890' "
      "qwertyuiop`+"
      "asdfghjkl   "
      " zxcvbnm,.-"
      "<",
      "!\" $%&/()=? "
      "QWERTYUIOP^*"
      "ASDFGHJKL   "
      " ZXCVBNM;:_"
      ">",
      "|@#~  {[]}\\~"
      "@         []"
      "         ~{\\"
      "}          "
      "|" },
    { "it",
      "1234567890' "
      "qwertyuiop +"
      "asdfghjkl  \\"
      " zxcvbnm,.-"
      "<",
      "!\" $%&/()=?^"
      "QWERTYUIOP *"
      "ASDFGHJKL  |"
      " ZXCVBNM;:_"
      ">",
      "      {[]}`~"
      "@         []"
      "         @# "
      "`          "
      " " },
    { "pt",
      "1234567890' "
      "qwertyuiop+ "
      "asdfghjkl  \\"
      "~zxcvbnm,.-"
      "<",
      "!\"#$%&/()=? "
      "QWERTYUIOP*`"
      "ASDFGHJKL  |"
      "^ZXCVBNM;:_"
      ">",
      " @    {[]}\\ "
      "@          ~"
      "          ^ "
      "`          "
      "\\" },
    { "se",
      "1234567890+ "
      "qwertyuiop  "
      "asdfghjkl   "
      "'zxcvbnm,.-"
      "<",
      "!\"# %&/()=?`"
      "QWERTYUIOP ^"
      "ASDFGHJKL   "
      "*ZXCVBNM;:_"
      ">",
      " @ $  {[]}\\ "
      "           ~"
      "            "
      "           "
      "|" },
    { "dk",
      "1234567890+ "
      "qwertyuiop  "
      "asdfghjkl   "
      "'zxcvbnm,.-"
      "<",
      "!\"# %&/()=?`"
      "QWERTYUIOP ^"
      "ASDFGHJKL   "
      "*ZXCVBNM;:_"
      ">",
      " @ $  {[]} |"
      "@          ~"
      "          ^ "
      "           "
      "\\" },
    { "no",
      "1234567890+\\"
      "qwertyuiop  "
      "asdfghjkl  |"
      "'zxcvbnm,.-"
      "<",
      "!\"# %&/()=?`"
      "QWERTYUIOP ^"
      "ASDFGHJKL   "
      "*ZXCVBNM;:_"
      ">",
      " @ $  {[]}  "
      "@          ~"
      "          ^ "
      "           "
      " " },
    { "fi",
      "1234567890+ "
      "qwertyuiop  "
      "asdfghjkl   "
      "'zxcvbnm,.-"
      "<",
      "!\"# %&/()=?`"
      "QWERTYUIOP ^"
      "ASDFGHJKL   "
      "*ZXCVBNM;:_"
      ">",
      " @ $  {[]}\\ "
      "           ~"
      "            "
      "           "
      "|" },
};
/* clang-format on */

const struct keymap *keymap_at(unsigned int index)
{
    if (index == 0)
        return &keymap_us;
    return index <= ARRAY_LEN(keymaps) ? &keymaps[index - 1] : NULL;
}
