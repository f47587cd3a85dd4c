# The Debian package: cpack -G DEB

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME xylem)
set(CPACK_PACKAGE_VENDOR "The xylem authors")
set(CPACK_PACKAGE_CONTACT "xylem <xylem@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "network of nodes in the shape of a tree, over ZeroMQ")
set(CPACK_PACKAGE_DESCRIPTION
    "A controlling node takes commands, and nodes carry them from parent to child, do the work and are
watched by heartbeats; a node that dies never takes its ancestors with it. Nodes are threads,
processes or simulated in virtual time. This package has the programs, the libraries and what is
needed to build programs with them.")
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS libzmq3-dev) # for those who link libxylem.a, or ask pkg-config
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
find_program(XYLEM_SHLIBDEPS dpkg-shlibdeps)
find_program(XYLEM_FILE file)
if(XYLEM_SHLIBDEPS AND XYLEM_FILE) # CPack calls both
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
endif()

include(CPack)
