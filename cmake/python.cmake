# The extension modules: _core (pybind11) and cython_kernels, whose sources are generated from the C headers.
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
if(NOT pybind11_DIR)
  execute_process(COMMAND ${Python_EXECUTABLE} -m pybind11 --cmakedir OUTPUT_VARIABLE pybind11_DIR
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
set(PYBIND11_FINDPYTHON ON)
find_package(pybind11 CONFIG REQUIRED)
pybind11_add_module(_core ${BIND_SOURCES})
target_compile_options(_core PRIVATE -O2)  # arguments are checked as fast as at -O3, in fewer bytes
if(SKBUILD)  # five files at once take a third of the time: most of it goes into pybind11's headers
  set_target_properties(_core PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 5)
endif()

file(GLOB PUBLIC_HEADERS CONFIGURE_DEPENDS csrc/include/*.h csrc/include/fastcnn/*.h)
set(generated ${CMAKE_CURRENT_BINARY_DIR}/cython/fastcnn)
add_custom_command(
  OUTPUT ${generated}/cython_kernels.pxd ${generated}/cython_kernels.pyx
  COMMAND ${Python_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/tools/generate_cython.py
          ${CMAKE_CURRENT_SOURCE_DIR}/csrc/include ${generated}
  DEPENDS tools/generate_cython.py ${PUBLIC_HEADERS})
add_custom_command(
  OUTPUT ${generated}/cython_kernels.c
  COMMAND ${Python_EXECUTABLE} -m cython -3 --module-name fastcnn.cython_kernels -I ${CMAKE_CURRENT_BINARY_DIR}/cython
          ${generated}/cython_kernels.pyx -o ${generated}/cython_kernels.c
  DEPENDS ${generated}/cython_kernels.pxd ${generated}/cython_kernels.pyx)
Python_add_library(cython_kernels MODULE WITH_SOABI ${generated}/cython_kernels.c)
set_source_files_properties(${generated}/cython_kernels.c PROPERTIES COMPILE_OPTIONS "-w")

foreach(module _core cython_kernels)
  target_link_libraries(${module} PRIVATE fastcnn)
  set_target_properties(${module} PROPERTIES INSTALL_RPATH "$ORIGIN/lib")
  install(TARGETS ${module} LIBRARY DESTINATION .)
  if(NOT SKBUILD)  # a developer's build: the package runs from the source tree
    set_target_properties(${module} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/fastcnn)
  endif()
endforeach()
install(FILES ${generated}/cython_kernels.pxd DESTINATION .)
