# What an install lays down. In a wheel the prefix is the package folder: fastcnn/lib, fastcnn/include, fastcnn/_core...so.
include(CMakePackageConfigHelpers)
set(package lib/cmake/fastcnn)

install(TARGETS fastcnn fastcnn_static EXPORT fastcnn LIBRARY DESTINATION lib ARCHIVE DESTINATION lib)
if(CMAKE_STRIP AND CMAKE_SYSTEM_NAME STREQUAL "Linux")  # "install --strip" passes archives by; local names are 70 KB of it
  install(CODE "execute_process(COMMAND \"${CMAKE_STRIP}\" --strip-unneeded
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/$<TARGET_FILE_NAME:fastcnn_static>\")")
endif()
install(FILES csrc/include/fastcnn.h DESTINATION include)
install(DIRECTORY csrc/include/fastcnn DESTINATION include)

# The package computes its paths from where it lies, so it may be moved.
install(EXPORT fastcnn NAMESPACE fastcnn:: FILE fastcnnTargets.cmake DESTINATION ${package})
configure_package_config_file(cmake/fastcnnConfig.cmake.in fastcnnConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(fastcnnConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/fastcnnConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/fastcnnConfigVersion.cmake
        DESTINATION ${package})

list(TRANSFORM OpenMP_CXX_LIB_NAMES PREPEND "-l" OUTPUT_VARIABLE private_libraries)
list(JOIN private_libraries " " private_libraries)
configure_file(cmake/fastcnn.pc.in fastcnn.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/fastcnn.pc DESTINATION lib/pkgconfig)
