# What `cmake --install` puts where: program, both libraries, headers, CMake package, pkg-config file, documents.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/thalweg)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(TARGETS thalweg)
install(TARGETS thalweg_shared EXPORT thalwegTargets)
install(TARGETS thalweg_static EXPORT thalwegStaticTargets)
install(DIRECTORY include/thalweg ${CMAKE_BINARY_DIR}/include/thalweg TYPE INCLUDE FILES_MATCHING PATTERN *.h)
install(EXPORT thalwegTargets NAMESPACE thalweg:: DESTINATION ${package_dir})
install(EXPORT thalwegStaticTargets NAMESPACE thalweg:: DESTINATION ${package_dir})

configure_package_config_file(cmake/thalwegConfig.cmake.in ${CMAKE_BINARY_DIR}/thalwegConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/thalwegConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/thalwegConfig.cmake ${CMAKE_BINARY_DIR}/thalwegConfigVersion.cmake
              cmake/dependencies.cmake cmake/FindBLIS.cmake
        DESTINATION ${package_dir})

file(RELATIVE_PATH PC_PREFIX /${pkgconfig_dir} /)
configure_file(cmake/thalweg.pc.in ${CMAKE_BINARY_DIR}/thalweg.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/thalweg.pc DESTINATION ${pkgconfig_dir})
install(FILES README.md CHANGELOG.md LICENSE TYPE DOC)

# Man pages and completion are made by the program itself, where help2man is there.
find_program(HELP2MAN help2man)
if(HELP2MAN)
    set(man_dir ${CMAKE_BINARY_DIR}/man)
    add_custom_command(OUTPUT ${man_dir}/thalweg.1 ${man_dir}/thalweg.bash
                       COMMAND ${CMAKE_SOURCE_DIR}/scripts/make_man.sh $<TARGET_FILE:thalweg> ${man_dir}
                       DEPENDS thalweg scripts/make_man.sh COMMENT "Writing the man pages" VERBATIM)
    add_custom_target(man ALL DEPENDS ${man_dir}/thalweg.1)
    install(DIRECTORY ${man_dir}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN *.1)
    install(FILES ${man_dir}/thalweg.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
            RENAME thalweg)
endif()
