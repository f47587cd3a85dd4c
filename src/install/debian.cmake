# Debian's zsh looks for what comes with packages in a folder of its own.

set(zsh ${CPACK_TEMPORARY_INSTALL_DIRECTORY}${CPACK_PACKAGING_INSTALL_PREFIX}/share/zsh)
if(CPACK_GENERATOR STREQUAL "DEB")
  file(RENAME ${zsh}/site-functions ${zsh}/vendor-completions)
endif()
